import { AppError } from '../../core/errors/index.js';
import type { Field } from './field.js';
import type { DecodeContext, Strictness, WireProblem } from './problem.js';

export interface DecodeOptions {
  /** What is decoded, as the start of the error's sentence: `service definition`, `config entry service-router/web`. */
  readonly what: string;
  /** The value was parsed from HCL, where every block is a list of objects. */
  readonly hclBlocks?: boolean;
}

export type DecodeResult<Value> =
  | { readonly ok: true; readonly value: Value }
  | { readonly ok: false; readonly problems: readonly WireProblem[] };

/** Wire value -> typed value, or all problems with their paths. */
export function tryDecode<Value>(
  schema: Field<Value>,
  input: unknown,
  options: { readonly hclBlocks?: boolean; readonly strict?: Strictness | undefined } = {},
): DecodeResult<Value> {
  const context: DecodeContext = { problems: [], hclBlocks: options.hclBlocks ?? false, strict: options.strict };
  const value = schema.decode(input, '', context);
  return context.problems.length === 0 ? { ok: true, value } : { ok: false, problems: context.problems };
}

/** Wire value -> typed value. Throws AppError('invalidArgument') with the path of every problem. */
export function decode<Value>(schema: Field<Value>, input: unknown, options: DecodeOptions): Value {
  const result = tryDecode(schema, input, options);
  if (result.ok) return result.value;
  throw new AppError('invalidArgument', `${options.what}: ${describeProblems(result.problems)}`);
}

/** The problems as one sentence: `"Routes[0].Foo" is not a known field; "Name" must be text, not a list`. */
function describeProblems(problems: readonly WireProblem[]): string {
  return problems.map(({ path, problem }) => `${path === '' ? 'the value' : `"${path}"`} ${problem}`).join('; ');
}

/** Typed value -> wire value, in Consul's spelling, fields in the order of the schema, empty fields left out as Consul does. */
export function encode<Value>(schema: Field<Value>, value: Value): unknown {
  return schema.encode(value);
}
