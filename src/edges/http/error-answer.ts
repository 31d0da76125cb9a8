import { AppError, type ErrorCode } from '../../core/index.js';
import type { ApiAnswer } from './route.js';

/** Each kind of failure as an HTTP status; the only place that decides it (consul-behaviour.md 1.1). */
const STATUS: Readonly<Record<ErrorCode, number>> = {
  invalidArgument: 400,
  unauthenticated: 401,
  permissionDenied: 403,
  notFound: 404,
  methodNotAllowed: 405,
  conflict: 409,
  tooLarge: 413,
  // A kind or feature we do not have: the caller's mistake, not to be sent again.
  unsupported: 400,
  busy: 503,
  unavailable: 503,
  portTaken: 500,
  corruptState: 500,
  cancelled: 503,
  internal: 500,
};

/** Anything thrown as an answer: Consul's plain text without an envelope. Faults of our own do not show their message's cause. */
export function errorAnswer(thrown: unknown): ApiAnswer & { readonly status: number; readonly text: string } {
  const error = AppError.from(thrown);
  return { status: STATUS[error.code], text: error.message };
}
