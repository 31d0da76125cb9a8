import { AppError } from '../../core/index.js';
import type { ApiAnswer } from './route.js';

/** A JSON answer. */
export const json = (value: unknown, headers: Readonly<Record<string, string>> = {}): ApiAnswer => ({
  json: value,
  headers,
});

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
