import { AppError } from '../../core/index.js';
import { encodedOnce } from './encoded-json.js';
import type { ApiAnswer } from './route.js';

/** A JSON answer. */
export const json = (value: unknown, headers: Readonly<Record<string, string>> = {}): ApiAnswer => ({
  json: value,
  headers,
});

/**
 * A JSON answer that is made from `source`, a value that never changes, and kept while that is. `variant` names what is made of it;
 * `make` is a function that holds nothing of the request. What a token may not see has to be taken out of `source` before: whoever
 * asks the same is answered the same bytes.
 */
export const jsonOnce = <Source extends object>(
  source: Source,
  variant: string,
  make: (source: Source) => unknown,
  headers: Readonly<Record<string, string>> = {},
): ApiAnswer => ({ encoded: encodedOnce(source, variant, make), headers });

/** A plain-text error or refusal with a status of its own. */
export const text = (status: number, message: string, headers: Readonly<Record<string, string>> = {}): ApiAnswer => ({
  status,
  text: message,
  headers,
});

/** An answer without a body. */
export const empty = (status = 200, headers: Readonly<Record<string, string>> = {}): ApiAnswer => ({ status, headers });

/** Throws `invalidArgument`, for expressions. */
export function badRequest(message: string): never {
  throw new AppError('invalidArgument', message);
}
