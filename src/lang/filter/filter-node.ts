/** `contains` is `in` with its sides swapped; the tree has only `in`. */
export type MatchOperator = 'equal' | 'notEqual' | 'in' | 'notIn' | 'isEmpty' | 'isNotEmpty' | 'matches' | 'notMatches';

/** One comparison. `value` is the text as written, without quotes; absent for the two emptiness operators. */
export interface MatchNode {
  readonly kind: 'match';
  readonly operator: MatchOperator;
  readonly selector: readonly string[];
  readonly value?: string;
}

export type FilterNode =
  | { readonly kind: 'and' | 'or'; readonly operands: readonly FilterNode[] }
  | { readonly kind: 'not'; readonly operand: FilterNode }
  | MatchNode;

/** The operators' names in messages. */
export const operatorNames: Readonly<Record<MatchOperator, string>> = {
  equal: 'Equal',
  notEqual: 'Not Equal',
  in: 'In',
  notIn: 'Not In',
  isEmpty: 'Is Empty',
  isNotEmpty: 'Is Not Empty',
  matches: 'Matches',
  notMatches: 'Not Matches',
};

/** The operator that is true exactly when the other is false, for the negative ones. */
export const positiveForms: Partial<Readonly<Record<MatchOperator, MatchOperator>>> = {
  notEqual: 'equal',
  notIn: 'in',
  isNotEmpty: 'isEmpty',
  notMatches: 'matches',
};
