import { AppError } from '../../core/index.js';
import { anyType, type FieldType } from './field-type.js';
import { type FilterNode, type MatchNode, positiveForms } from './filter-node.js';
import { compileTest, type FieldTest, isRecord } from './match-test.js';
import { parseFilter } from './parse-filter.js';
import { resolveSelector, type Step } from './resolve-selector.js';

/** Whether a wire-shaped value passes. Throws `invalidArgument` only when a pattern meets text too long for it. */
export type Filter = (value: unknown) => boolean;

const MAX_PATTERNS = 32;

/**
 * Compiles a filter expression for values of a type; without one, selectors are not checked and compare with whatever they
 * find. Throws `invalidArgument` with the text that Consul's clients know: `Failed to create boolean expression
 * evaluator: Selector "Nope" is not valid`.
 *
 * Where a list of objects lies on the way, any element may match, for the negative operators too. A key that a map does
 * not have equals nothing, matches nothing and is empty.
 */
export function compileFilter(expression: string, type: FieldType = anyType): Filter {
  try {
    return compile(parsed(expression), type);
  } catch (thrown) {
    const { code, message } = AppError.from(thrown);
    throw new AppError(code, `Failed to create boolean expression evaluator: ${message}`);
  }
}

/** What is wrong with an expression, without the words in front that `compileFilter` puts there, or `undefined`. */
export function checkFilter(expression: string, type: FieldType = anyType): string | undefined {
  try {
    compile(parsed(expression), type);
    return undefined;
  } catch (thrown) {
    return AppError.from(thrown).message;
  }
}

function parsed(expression: string): FilterNode {
  const node = parseFilter(expression);
  const patterns = countPatterns(node);
  if (patterns <= MAX_PATTERNS) return node;
  throw new AppError(
    'invalidArgument',
    `the expression has ${patterns} regular expressions, at most ${MAX_PATTERNS} are allowed; join them with "|"`,
  );
}

function countPatterns(node: FilterNode): number {
  if (node.kind === 'match') return node.operator === 'matches' || node.operator === 'notMatches' ? 1 : 0;
  if (node.kind === 'not') return countPatterns(node.operand);
  return node.operands.reduce((sum, operand) => sum + countPatterns(operand), 0);
}

function compile(node: FilterNode, type: FieldType): Filter {
  if (node.kind === 'match') return compileMatch(node, type);
  if (node.kind === 'not') {
    const operand = compile(node.operand, type);
    return (value) => !operand(value);
  }
  const operands = node.operands.map((operand) => compile(operand, type));
  return node.kind === 'and'
    ? (value) => operands.every((operand) => operand(value))
    : (value) => operands.some((operand) => operand(value));
}

function compileMatch(node: MatchNode, root: FieldType): Filter {
  const { steps, type } = resolveSelector(root, node.selector);
  const negated = node.operator in positiveForms;
  const positive = (positiveForms[node.operator] ?? node.operator) as 'equal' | 'in' | 'isEmpty' | 'matches';
  const test = compileTest(node, positive, type);
  const absent = (positive === 'isEmpty') !== negated;
  return steps.reduceRight<FieldTest>(
    (inner, step) => stepTest(step, inner, absent),
    negated ? (field) => !test(field) : test,
  );
}

function stepTest(step: Step, inner: FieldTest, absent: boolean): FieldTest {
  if (step.kind === 'each') return (value) => Array.isArray(value) && value.some(inner);
  const { name } = step;
  if (step.kind === 'field') {
    return (value) => inner(isRecord(value) && Object.hasOwn(value, name) ? value[name] : undefined);
  }
  const ofRecord: FieldTest = (value) => (isRecord(value) && Object.hasOwn(value, name) ? inner(value[name]) : absent);
  if (step.kind === 'key') return ofRecord;
  return (value) => (Array.isArray(value) ? value.some(ofRecord) : ofRecord(value));
}
