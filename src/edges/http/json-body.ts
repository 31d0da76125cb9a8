import { isUtf8 } from 'node:buffer';
import { AppError, nextTurn } from '../../core/index.js';
import { parseExactJson } from '../../core/exact-json.js';
import { parseFirstJson } from '../../lang/hcl/index.js';
import { type Field, type Strictness, jsonType, kindOf, problemText, tryDecode } from '../../model/wire/index.js';
import type { AgentRequest } from './route.js';

/** How clients know the start of a refusal: most endpoints say "Request decode failed", config entries "Request decoding failed". */
const DEFAULT_PREFIX = 'Request decode failed';

/** Parsing and checking so many takes some ten milliseconds, in which nobody else is answered. */
const MAX_JSON_VALUES = 20_000;

/** Of a larger body each step takes some milliseconds: others have their turn in between. */
const LARGE_BYTES = 32 << 10;

/**
 * The body as JSON, made into what is wanted by `decode`, whose errors are passed on. Throws `invalidArgument` with line and column,
 * `tooLarge` above the limit.
 */
export async function readJsonAs<Value>(
  request: AgentRequest,
  decode: (value: unknown) => Value,
  prefix = DEFAULT_PREFIX,
  limitBytes?: number,
): Promise<Value> {
  const body = await request.body(limitBytes);
  const isLarge = body.length >= LARGE_BYTES;
  const { value } = parseBody(body, prefix);
  if (isLarge) await nextTurn();
  const decoded = decode(value);
  if (isLarge) await nextTurn();
  return decoded;
}

/** The first JSON value of a body, and its text. What follows is not looked at, as in Consul. */
function parseBody(body: Buffer, prefix: string): { readonly source: string; readonly value: unknown } {
  if (body.toString('latin1', 0, 64).trim() === '' && body.toString('latin1').trim() === '')
    throw new AppError('invalidArgument', `${prefix}: EOF: the body is empty, a JSON object is wanted`);
  const whole = decodeUtf8(body, prefix);
  try {
    const { value, text } = parseFirstJson(whole, { maxValues: MAX_JSON_VALUES });
    return { source: text, value };
  } catch (thrown) {
    const error = AppError.from(thrown);
    throw new AppError(error.code, `${prefix}: invalid JSON: ${error.message}`, { cause: thrown });
  }
}

/** A body that was read as JSON, whole numbers beyond 2^53 as bigint. Throws as `readJsonAs`. */
export function parseExactBody(body: Buffer, prefix: string): unknown {
  const { source, value } = parseBody(body, prefix);
  return /\d{16}/.test(source) ? parseExactJson(source) : value;
}

/** The body as a JSON object; `null` counts as one without fields. */
export function readObject(request: AgentRequest, prefix = DEFAULT_PREFIX): Promise<object> {
  return readJsonAs(request, (value) => asObject(value, prefix), prefix);
}

function asObject(value: unknown, prefix: string): object {
  if (value === null) return {};
  if (typeof value === 'object' && !Array.isArray(value)) return value;
  // Clients know the sentence up to the second colon.
  const refusal = `json: cannot unmarshal ${jsonType(value) ?? 'null'} into Go value of type struct`;
  throw new AppError('invalidArgument', `${prefix}: ${refusal}: the body must be an object, not ${kindOf(value)}`);
}

export interface BodyOptions {
  /** How the refusal starts. */
  readonly prefix?: string;
  /** What is not taken although files may have it. */
  readonly strict?: Strictness;
}

/** The body decoded by a schema. Unknown fields and wrong values are `invalidArgument` with their paths. */
export function readBodyAs<Value>(
  request: AgentRequest,
  field: Field<Value>,
  { prefix = DEFAULT_PREFIX, strict }: BodyOptions = {},
): Promise<Value> {
  return readJsonAs(request, (value) => decodeBody(field, asObject(value, prefix), prefix, strict), prefix);
}

/** `readBodyAs` where the body may be left out: that is an object without fields. */
export async function readOptionalBodyAs<Value>(
  request: AgentRequest,
  field: Field<Value>,
  prefix = DEFAULT_PREFIX,
): Promise<Value> {
  const body = await request.body();
  return body.length === 0 ? field.empty : decodeBody(field, asObject(parseBody(body, prefix).value, prefix), prefix);
}

function decodeBody<Value>(field: Field<Value>, body: object, prefix: string, strict?: Strictness): Value {
  const result = tryDecode(field, body, { strict });
  if (result.ok) return result.value;
  throw new AppError('invalidArgument', `${prefix}: ${result.problems.map(problemText).join('; ')}`);
}

function decodeUtf8(body: Buffer, prefix: string): string {
  if (isUtf8(body)) return body.toString('utf8');
  throw new AppError('invalidArgument', `${prefix}: the body is not UTF-8 text`);
}
