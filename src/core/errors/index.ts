/**
 * The error catalogue: every failure that a caller can see is an AppError with a code from here.
 * In: a code and a sentence. Out: an AppError that each edge maps once. Must never: carry secrets in a message.
 */
export { AppError } from './app-error.js';
export type { ErrorCode } from './catalogue.js';
