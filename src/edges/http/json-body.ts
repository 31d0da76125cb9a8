import { AppError } from '../../core/index.js';
import { parseExactJson } from '../../core/exact-json.js';
import { parseJson } from '../../lang/hcl/index.js';
import { type Field, type WireProblem, kindOf, tryDecode } from '../../model/wire/index.js';
import type { ApiRequest } from './route.js';

/** How clients know the start of a refusal: most endpoints say "Request decode failed", config entries "Request decoding failed". */
const DEFAULT_PREFIX = 'Request decode failed';

/** Parsing and checking so many takes some ten milliseconds, in which nobody else is answered. */
const MAX_JSON_VALUES = 20_000;

/** The body as JSON. Throws `invalidArgument` with line and column, `tooLarge` above the limit. */
export async function readJson(request: ApiRequest, prefix = DEFAULT_PREFIX, limitBytes?: number): Promise<unknown> {
  return parseBody(await request.body(limitBytes), prefix);
}

function parseBody(body: Buffer, prefix: string): unknown {
  if (body.toString('latin1', 0, 64).trim() === '' && body.toString('latin1').trim() === '')
    throw new AppError('invalidArgument', `${prefix}: EOF: the body is empty, a JSON object is wanted`);
  const source = decodeUtf8(body, prefix);
  try {
    return parseJson(source, { maxValues: MAX_JSON_VALUES });
  } catch (thrown) {
    const error = AppError.from(thrown);
    throw new AppError(error.code, `${prefix}: invalid JSON: ${error.message}`, { cause: thrown });
  }
}

/** A body that was read as JSON, whole numbers beyond 2^53 as bigint. Throws as `readJson`. */
export function parseExactBody(body: Buffer, prefix: string): unknown {
  const value = parseBody(body, prefix);
  const source = decodeUtf8(body, prefix);
  return /\d{16}/.test(source) ? parseExactJson(source) : value;
}

/** The body as a JSON object; `null` counts as one without fields. */
export async function readObject(request: ApiRequest, prefix = DEFAULT_PREFIX): Promise<object> {
  return asObject(await readJson(request, prefix), prefix);
}

function asObject(value: unknown, prefix: string): object {
  if (value === null) return {};
  if (typeof value === 'object' && !Array.isArray(value)) return value;
  throw new AppError('invalidArgument', `${prefix}: the body must be an object, not ${kindOf(value)}`);
}

/** The body decoded by a schema. Unknown fields and wrong values are `invalidArgument` with their paths. */
export async function readBodyAs<Value>(
  request: ApiRequest,
  field: Field<Value>,
  prefix = DEFAULT_PREFIX,
): Promise<Value> {
  return decodeBody(field, await readObject(request, prefix), prefix);
}

/** `readBodyAs` where the body may be left out: that is an object without fields. */
export async function readOptionalBodyAs<Value>(
  request: ApiRequest,
  field: Field<Value>,
  prefix = DEFAULT_PREFIX,
): Promise<Value> {
  const body = await request.body();
  return body.length === 0 ? field.empty : decodeBody(field, asObject(parseBody(body, prefix), prefix), prefix);
}

function decodeBody<Value>(field: Field<Value>, body: object, prefix: string): Value {
  const result = tryDecode(field, body);
  if (result.ok) return result.value;
  throw new AppError('invalidArgument', `${prefix}: ${result.problems.map(problemText).join('; ')}`);
}

function problemText({ type, path, problem }: WireProblem): string {
  return type === 'unknownField'
    ? `json: unknown field "${path}"`
    : `${path === '' ? 'the body' : `"${path}"`} ${problem}`;
}

function decodeUtf8(body: Buffer, prefix: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(body);
  } catch (thrown) {
    throw new AppError('invalidArgument', `${prefix}: the body is not UTF-8 text`, { cause: thrown });
  }
}
