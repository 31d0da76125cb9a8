import { AppError } from '../../core/index.js';
import { atLeast } from './at-least.js';
import type { AgentOptions } from './options.js';

const DAY_MS = 24 * 3_600_000;
const LEVELS = new Set(['trace', 'debug', 'info', 'warn', 'error', 'err']);
const FACILITIES = new Set([
  ...['kern', 'user', 'mail', 'daemon', 'auth', 'syslog', 'lpr', 'news', 'uucp', 'cron', 'authpriv', 'ftp'],
  ...Array.from({ length: 8 }, (_facility, at) => `local${at}`),
]);

/** Where the log goes, and how much of it. */
export interface LogConfig {
  /** trace, debug, info, warn or error. */
  readonly level: string;
  readonly json: boolean;
  /** Empty = standard output only. */
  readonly file: string;
  /** 0 = whatever its size. */
  readonly rotateBytes: number;
  readonly rotateAfterMs: number;
  /** 0 = all are kept, -1 = none. */
  readonly rotateMaxFiles: number;
  /** The facility under which the log goes to that of the system, in lower case; empty = it does not. */
  readonly syslogFacility: string;
}

/** The options of the log. Throws AppError('invalidArgument'). */
export function resolveLog(options: AgentOptions, devMode: boolean): LogConfig {
  return {
    level: levelOf(options.logLevel ?? (devMode ? 'debug' : 'info')),
    json: options.logJson ?? false,
    file: options.logFile ?? '',
    rotateBytes: atLeast('log_rotate_bytes', options.logRotateBytes ?? 0, 0),
    rotateAfterMs: atLeast('log_rotate_duration', options.logRotateDurationMs ?? 0, 0) || DAY_MS,
    rotateMaxFiles: atLeast('log_rotate_max_files', options.logRotateMaxFiles ?? 0, -1),
    syslogFacility: options.enableSyslog === true ? facilityOf(options.syslogFacility ?? '') : '',
  };
}

function levelOf(given: string): string {
  if (!LEVELS.has(given))
    throw new AppError('invalidArgument', `log_level must be trace, debug, info, warn or error, not "${given}"`);
  return given === 'err' ? 'error' : given;
}

function facilityOf(given: string): string {
  const facility = given.toLowerCase() || 'local0';
  if (FACILITIES.has(facility)) return facility;
  throw new AppError(
    'invalidArgument',
    `syslog_facility must be LOCAL0 to LOCAL7, DAEMON, USER, AUTH or another one of syslog, not "${given}"`,
  );
}
