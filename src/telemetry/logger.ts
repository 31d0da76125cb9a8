import { type Logger, pino } from 'pino';
import { jsonLine, textLine } from './text-log.js';

export type { Logger } from 'pino';

/** Fields that never reach a log, wherever they stand one level deep. */
const REDACTED = ['token', '*.token', 'privateKeyPem', '*.privateKeyPem', 'secret', '*.secret'];

/** Levels of the log, from the most talkative. */
const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/** Whether a text names a level; `err` and `warning` are understood. */
export function logLevelOf(text: string): LogLevel | undefined {
  const folded = text.toLowerCase();
  const named = folded === 'err' ? 'error' : folded === 'warning' ? 'warn' : folded;
  return LOG_LEVELS.find((level) => level === named);
}

/** Where lines go: each one whole, with its newline. */
export interface LogTarget {
  write(line: string, level: LogLevel): void;
}

/** Somebody who watches the log as it is written. */
export interface LogWatch {
  readonly level: LogLevel;
  readonly json: boolean;
  /** Must not throw and not wait. */
  readonly onLine: (line: string) => void;
}

export interface Logging {
  readonly logger: Logger;
  /** Changes the level of the log, also of the children that rooms have taken. */
  setLevel(level: LogLevel): void;
  /** Lines go to `onLine` too, down to a level of its own, until the returned function is called. */
  watch(watch: LogWatch): () => void;
}

const number = (level: string): number => pino.levels.values[level] ?? 30;
const named = (level: number): LogLevel => logLevelOf(pino.levels.labels[level] ?? '') ?? 'error';

/** The log of one process; rooms take children of its logger (`logger.child({ room: 'xds' })`). */
export function createLogging(options: {
  readonly level: string;
  readonly json: boolean;
  readonly targets: readonly LogTarget[];
}): Logging {
  let least = number(options.level);
  const watches = new Set<LogWatch>();
  const children = new Set<WeakRef<Logger>>();
  const write = (json: string, at: number): void => {
    let [text, own]: (string | undefined)[] = [];
    const line = (wantsJson: boolean): string => (wantsJson ? (own ??= jsonLine(json)) : (text ??= textLine(json)));
    if (at >= least) for (const target of options.targets) target.write(line(options.json), named(at));
    for (const watch of watches) if (at >= number(watch.level)) watch.onLine(line(watch.json));
  };
  const destination = {
    // pino then says of each line which level it has.
    [Symbol.for('pino.metadata')]: true,
    lastLevel: 30,
    write(this: { lastLevel: number }, json: string) {
      write(json, this.lastLevel);
    },
  };
  const logger = pino(
    {
      level: options.level,
      base: null,
      redact: { paths: REDACTED, censor: '<hidden>' },
      onChild: (child) => void children.add(new WeakRef(child as Logger)),
    },
    destination,
  ) as Logger;
  /** What is said is what somebody wants to hear: the log, or one who watches. */
  const adjust = (): void => {
    const wanted = Math.min(least, ...[...watches].map(({ level }) => number(level)));
    const level = pino.levels.labels[wanted] ?? 'info';
    logger.level = level;
    for (const reference of children) {
      const child = reference.deref();
      if (child === undefined) children.delete(reference);
      else child.level = level;
    }
  };
  return {
    logger,
    setLevel(level) {
      least = number(level);
      adjust();
    },
    watch(watch) {
      watches.add(watch);
      adjust();
      return () => {
        watches.delete(watch);
        adjust();
      };
    },
  };
}
