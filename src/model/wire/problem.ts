/** Where in a wire value a decoder stands: wire spelling, e.g. `Routes[0].Match.HTTP`. Empty at the top. */
export type WirePath = string;

/** One thing wrong with a wire value. */
export interface WireProblem {
  /** `unknownField`: a key that the schema does not have. `wrongValue`: a value of the wrong type or form. */
  readonly type: 'unknownField' | 'wrongValue';
  readonly path: WirePath;
  /** What is wrong, without the path, e.g. `must be a number, not a list`. */
  readonly problem: string;
  /** The JSON type that came where another is wanted, as clients in Go know it. */
  readonly given?: 'string' | 'number' | 'bool' | 'array' | 'object';
}

/** Collects the problems of one decoding; decoders go on with the empty value so that all problems are found at once. */
export interface DecodeContext {
  readonly problems: WireProblem[];
  /** The value comes from HCL, where every block is a list of objects (opaque values need to know). */
  readonly hclBlocks: boolean;
  readonly strict?: Strictness | undefined;
}

/**
 * What Consul takes in JSON bodies and in files differs. `types`: values must have the JSON type of their field (text is no number, one
 * value no list). `names`: keys moreover are spelled as the wire has them, whatever their case. Without: as people write in files.
 */
export type Strictness = 'types' | 'names';

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

/** A problem as clients of the API are told, in the words they match on. */
export function problemText({ type, path, problem, given }: WireProblem): string {
  const at = path === '' ? 'the body' : `"${path}"`;
  if (type === 'unknownField') return `json: unknown field "${path}"`;
  return given === undefined ? `${at} ${problem}` : `json: cannot unmarshal ${given} into ${at}: it ${problem}`;
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

/** Notes a value of another type than the field's, `wanted` saying what it must be: `must be text`. */
export function wrongType(context: DecodeContext, path: WirePath, input: unknown, wanted: string): void {
  const given = context.strict === undefined ? undefined : jsonType(input);
  noteProblem(context, {
    type: 'wrongValue',
    path,
    problem: `${wanted}, not ${kindOf(input)}`,
    ...(given === undefined ? {} : { given }),
  });
}

/** The JSON type of a value in the words of clients in Go; undefined for nothing. */
export function jsonType(value: unknown): WireProblem['given'] {
  if (value === null || value === undefined) return undefined;
  if (Array.isArray(value)) return 'array';
  if (typeof value === 'string' || typeof value === 'number') return typeof value as 'string' | 'number';
  return typeof value === 'object' ? 'object' : 'bool';
}
