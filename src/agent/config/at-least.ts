import { AppError } from '../../core/index.js';

/** The value of an option that has a least one. Throws AppError('invalidArgument'). */
export function atLeast(option: string, value: number, least: number): number {
  if (value < least) throw new AppError('invalidArgument', `${option} must be at least ${least}, not ${value}`);
  return value;
}
