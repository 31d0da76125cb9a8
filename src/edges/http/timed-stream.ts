import { Readable } from 'node:stream';
import type { Clock } from '../../core/index.js';

export interface TimedStreamOptions {
  readonly clock: Clock;
  /** Ends the stream. */
  readonly signal: AbortSignal;
  /** How long until the next turn. */
  readonly delayMs: () => number;
  /** Pushes what there is to say; may destroy the stream. */
  readonly turn: (stream: Readable) => void;
  /** Told once that the stream has ended, whoever ended it. */
  readonly onEnd?: () => void;
}

/** A stream that gets its turn again and again, until the signal aborts or its reader goes away. */
export function createTimedStream({ clock, signal, delayMs, turn, onEnd }: TimedStreamOptions): Readable {
  let cancel = (): void => undefined;
  const end = (): void => void stream.destroy();
  const stream = new Readable({
    read: () => undefined,
    destroy(error, done) {
      cancel();
      signal.removeEventListener('abort', end);
      onEnd?.();
      done(error);
    },
  });
  const wait = (): void => {
    cancel = clock.after(delayMs(), () => {
      turn(stream);
      if (!stream.destroyed) wait();
    });
  };
  wait();
  if (signal.aborted) end();
  else signal.addEventListener('abort', end, { once: true });
  return stream;
}
