import { AppError, nameProblem } from '../../core/index.js';

/** Throws `invalidArgument` for a text that cannot be a name; `field` is what the caller called it. */
export function checkName(field: string, name: string): void {
  const problem = nameProblem(name);
  if (problem !== undefined) throw new AppError('invalidArgument', `${field} ${problem}`);
}
