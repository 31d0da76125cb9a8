import type { Logger, LogLevel } from '../../telemetry/index.js';

const SAME_AGAIN_MS = 60_000;
const LONGEST_LINE = 16_384;
/** What every member says when it starts or ends as it should, and when another one does. */
const ROUTINE = [
  /^Running http and grpc server on single port/,
  /^simple token is not cryptographically signed/,
  /^Failed to detect schema version/,
  /^(?:lost|closed) TCP streaming connection/,
];

/** Writes etcd's log into ours: what is routine to it is detail to us, and a warning that comes again and again is told once a minute. */
export class EtcdLog {
  readonly #logger: Logger;
  readonly #now: () => number;
  readonly #onMessage: (message: string) => void;
  readonly #told = new Map<string, number>();
  #rest = '';
  /** It was told to end: whatever it says now is of no interest. */
  isEnding = false;

  /** `onMessage` sees every message with its error, whatever its level. */
  constructor(logger: Logger, now: () => number, onMessage: (message: string) => void) {
    [this.#logger, this.#now, this.#onMessage] = [logger, now, onMessage];
  }

  /** A piece of etcd's output. */
  push(text: string): void {
    const lines = (this.#rest + text).split('\n');
    this.#rest = (lines.pop() ?? '').slice(-LONGEST_LINE);
    for (const line of lines) if (line.trim() !== '') this.#line(line);
  }

  #line(line: string): void {
    const { level, message, fields } = parseEtcdLine(line);
    this.#onMessage(`${message} ${textOf(fields['error'])}`);
    this.#logger[this.#levelNow(level, message)](fields, `etcd: ${message}`);
  }

  #levelNow(level: LogLevel, message: string): LogLevel {
    if (this.isEnding || ROUTINE.some((routine) => routine.test(message))) return 'debug';
    if (level === 'debug' || level === 'error') return level;
    const now = this.#now();
    if (now - (this.#told.get(message) ?? Number.NEGATIVE_INFINITY) < SAME_AGAIN_MS) return 'debug';
    if (this.#told.size > 1000) this.#told.clear();
    this.#told.set(message, now);
    return level;
  }
}

/** A line of etcd's JSON log with its level in our words; anything else is a warning as it stands (a crash, a usage message). */
export function parseEtcdLine(line: string): {
  readonly level: LogLevel;
  readonly message: string;
  readonly fields: Readonly<Record<string, unknown>>;
} {
  let entry: unknown;
  try {
    entry = JSON.parse(line);
  } catch {
    entry = undefined;
  }
  if (typeof entry !== 'object' || entry === null) return { level: 'warn', message: line.slice(0, 1000), fields: {} };
  const { level, msg, ts: _, caller: __, logger: ___, stacktrace: ____, ...fields } = entry as Record<string, unknown>;
  return { level: levelOf(level), message: textOf(msg), fields };
}

const textOf = (value: unknown): string => (typeof value === 'string' ? value : '');

function levelOf(level: unknown): LogLevel {
  if (level === 'warn') return 'warn';
  return level === 'error' || level === 'fatal' || level === 'panic' || level === 'dpanic' ? 'error' : 'debug';
}
