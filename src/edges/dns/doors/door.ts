import { AppError } from '../../../core/index.js';

/** An open port. */
export interface Door {
  readonly port: number;
  close(): Promise<void>;
}

/** Why a port cannot be opened. */
export function listenProblem(
  error: NodeJS.ErrnoException,
  transport: 'UDP' | 'TCP',
  host: string,
  port: number,
): AppError {
  if (error.code === 'EADDRINUSE')
    return new AppError('portTaken', `another process listens on ${host}:${port} over ${transport}, wanted for DNS`, {
      cause: error,
    });
  const why = error.code === 'EACCES' ? 'that port needs more rights' : error.message;
  return new AppError(
    'unavailable',
    `cannot listen for DNS on ${host}:${port} over ${transport}: ${why}; choose another port with -dns-port, or -1 for none`,
    { cause: error },
  );
}
