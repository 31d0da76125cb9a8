import type { Readable } from 'node:stream';
import type { Clock } from '../../core/index.js';
import type { LogWatch } from '../../telemetry/index.js';
import { createTimedStream } from './timed-stream.js';

/** How often lines go out, and how many wait for that at most (consul-behaviour.md 1.2, `agent/monitor`). */
const FLUSH_EVERY_MS = 200;
const MOST_LINES = 512;
/** What a reader may leave unread before nothing more is put before it, and for how long. */
const UNREAD_BYTES = 1_048_576;
const PATIENCE_MS = 10_000;

export interface LogStreamOptions {
  readonly watchLog: (watch: LogWatch) => () => void;
  readonly level: LogWatch['level'];
  readonly json: boolean;
  readonly clock: Clock;
  /** Ends the stream. */
  readonly signal: AbortSignal;
}

/**
 * The log as it is written. Lines that come faster than they go out are left out, and a line says how many; a reader that takes
 * nothing for ten seconds is dropped. The log itself never waits.
 */
export function createLogStream({ watchLog, level, json, clock, signal }: LogStreamOptions): Readable {
  let lines: string[] = [];
  let dropped = 0;
  let stuckSinceMs: number | undefined;
  const onEnd = watchLog({
    level,
    json,
    onLine(line) {
      if (lines.length < MOST_LINES) lines.push(line);
      else dropped += 1;
    },
  });
  const flush = (stream: Readable): void => {
    if (stream.readableLength > UNREAD_BYTES) {
      stuckSinceMs ??= clock.now();
      if (clock.now() - stuckSinceMs > PATIENCE_MS) stream.destroy();
      return;
    }
    stuckSinceMs = undefined;
    const text = lines.join('') + (dropped > 0 ? droppedLine(dropped, json, clock.now()) : '');
    lines = [];
    dropped = 0;
    if (text !== '') stream.push(text);
  };
  return createTimedStream({ clock, signal, delayMs: () => FLUSH_EVERY_MS, turn: flush, onEnd });
}

function droppedLine(count: number, json: boolean, nowMs: number): string {
  const time = new Date(nowMs).toISOString();
  const message = `${count} lines were left out: they came faster than this reader takes them`;
  return json
    ? `${JSON.stringify({ '@level': 'warn', '@message': message, '@module': 'monitor', '@timestamp': time })}\n`
    : `${time} [WARN]  monitor: ${message}\n`;
}
