import { type Logger, pino } from 'pino';
import { createTextLog } from './text-log.js';

export type { Logger } from 'pino';

/** Fields that never reach a log, wherever they stand one level deep. */
const REDACTED = ['token', '*.token', 'privateKeyPem', '*.privateKeyPem', 'secret', '*.secret'];

/** The root logger; rooms take children of it (`logger.child({ room: 'xds' })`). Its level can be changed while it runs. */
export function createLogger(options: {
  readonly level: string;
  readonly json: boolean;
  readonly target?: NodeJS.WritableStream;
}): Logger {
  const target = options.target ?? process.stdout;
  const destination = options.json ? target : createTextLog(target);
  return pino(
    { level: options.level, base: null, redact: { paths: REDACTED, censor: '<hidden>' } },
    destination as NodeJS.WritableStream,
  );
}
