import { AppError } from '../../../core/index.js';

/** The error for data that is damaged: it cannot be read, or what is read cannot be what was written. */
export function damaged(path: string, cause: unknown): AppError {
  if (cause instanceof AppError) return cause;
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new AppError(
    'corruptState',
    `${path} is damaged (${reason}): put back a copy of the data directory, or start with a new one and restore a snapshot.`,
    { cause },
  );
}

/** The error for a data directory that is locked or not accessible. */
export function cannotOpen(path: string, thrown: unknown): AppError {
  if (thrown instanceof AppError) return thrown;
  const { code, message } = thrown as NodeJS.ErrnoException;
  if (code === 'LEVEL_LOCKED')
    return new AppError(
      'unavailable',
      `Another process uses the data directory ${path}: stop it, or give another one.`,
      {
        cause: thrown,
      },
    );
  return new AppError(
    'unavailable',
    `The data directory ${path} cannot be opened (${message}): check its owner and free space.`,
    {
      cause: thrown,
    },
  );
}

/** The error for writes that the disk refused; whether they are on it is unknown. */
export function refusedWrite(path: string, thrown: unknown): AppError {
  const reason = thrown instanceof Error ? thrown.message : String(thrown);
  return new AppError(
    'unavailable',
    `The disk of ${path} refused a write, which may or may not be stored (${reason}): free space or repair it; writing goes on by itself then.`,
    { cause: thrown },
  );
}
