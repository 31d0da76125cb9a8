/** Where in a wire value a decoder stands: wire spelling, e.g. `Routes[0].Match.HTTP`. Empty at the top. */
export type WirePath = string;

/** One thing wrong with a wire value. */
export interface WireProblem {
  /** `unknownField`: a key that the schema does not have. `wrongValue`: a value of the wrong type or form. */
  readonly type: 'unknownField' | 'wrongValue';
  readonly path: WirePath;
  /** What is wrong, without the path, e.g. `must be a number, not a list`. */
  readonly problem: string;
}

/** Collects the problems of one decoding; decoders go on with the empty value so that all problems are found at once. */
export interface DecodeContext {
  readonly problems: WireProblem[];
  /** The value comes from HCL, where every block is a list of objects (opaque values need to know). */
  readonly hclBlocks: boolean;
}

/** `Routes` + `Match` -> `Routes.Match`. */
export function fieldPath(path: WirePath, field: string): WirePath {
  return path === '' ? field : `${path}.${field}`;
}

/** What a value is, in words, for a problem's text. */
export function kindOf(value: unknown): string {
  if (value === null || value === undefined) return 'nothing';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object') return 'an object';
  if (typeof value === 'string') return 'text';
  return typeof value === 'number' ? 'a number' : 'a boolean';
}

/** More are not listed: the text of a refusal stays readable, whatever was sent. */
const MAX_PROBLEMS = 25;

/** Notes a problem; those after the first 25 are dropped. */
export function noteProblem(context: DecodeContext, problem: WireProblem): void {
  if (context.problems.length < MAX_PROBLEMS) context.problems.push(problem);
}

/** Notes a wrong value. */
export function wrongValue(context: DecodeContext, path: WirePath, problem: string): void {
  noteProblem(context, { type: 'wrongValue', path, problem });
}
