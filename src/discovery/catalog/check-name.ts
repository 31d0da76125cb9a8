import { AppError } from '../../core/index.js';

// oxlint-disable-next-line no-control-regex -- control characters are what is looked for
const CONTROL = /[\u0000-\u001f\u007f]/;
const MAX_LENGTH = 1024;

/** Throws `invalidArgument` for names that cannot be told apart, shown or looked up: control characters, or over 1024 characters. */
export function checkName(field: string, name: string): void {
  if (name.length > MAX_LENGTH)
    throw new AppError('invalidArgument', `${field} must have at most ${MAX_LENGTH} characters, not ${name.length}`);
  if (CONTROL.test(name)) throw new AppError('invalidArgument', `${field} must not contain control characters`);
}
