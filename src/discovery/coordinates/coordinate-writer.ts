import { AppError, type Clock, type Coordinate, coordinateProblem } from '../../core/index.js';
import { type CoordinateRecord, type Draft, coordinateKey, nodeKey } from '../../model/index.js';
import type { StateStore } from '../../state/index.js';

const FLUSH_AFTER_MS = 100;
/** What one transaction takes, as many as Consul's servers take in a period; a newer place of the same node replaces the older. */
const BATCH = 128;
const MAX_WAITING = 5 * BATCH;

/** Takes coordinates in and writes them in batches: agents report often, and only the newest counts. */
export interface CoordinateWriter {
  /** Throws AppError('invalidArgument') for what is no coordinate, AppError('busy') while too many wait. */
  update(node: string, segment: string, coordinate: Coordinate): void;
  /** Writes what waits. */
  close(): Promise<void>;
}

/** Coordinates of nodes that are not in the catalog are forgotten when they are written (consul-behaviour.md 1.9). */
export function createCoordinateWriter(
  store: StateStore,
  clock: Clock,
  warn: (message: string) => void,
): CoordinateWriter {
  const waiting = new Map<string, Draft<CoordinateRecord>>();
  let cancel: (() => void) | undefined;
  let writing: Promise<void> = Promise.resolve();

  const flush = async (): Promise<void> => {
    while (waiting.size > 0) {
      const batch = [...waiting].slice(0, BATCH);
      for (const [key] of batch) waiting.delete(key);
      await store.transact('coordinates', (transaction) => {
        for (const [, record] of batch)
          if (transaction.get('nodes', nodeKey(record.node))) transaction.put('coordinates', record);
      });
    }
  };
  const start = (): void => {
    cancel = undefined;
    writing = flush().catch((thrown: unknown) => warn(`coordinates were not stored: ${AppError.from(thrown).message}`));
  };

  return {
    update(node, segment, coordinate) {
      const problem = coordinateProblem(coordinate);
      if (problem !== undefined) throw new AppError('invalidArgument', problem);
      const key = coordinateKey(node, segment);
      if (waiting.size >= MAX_WAITING && !waiting.has(key))
        throw new AppError('busy', 'too many coordinates wait to be stored: send this one again in a few seconds');
      waiting.set(key, { node, segment, coordinate });
      cancel ??= clock.after(FLUSH_AFTER_MS, start);
    },
    async close() {
      cancel?.();
      await writing;
    },
  };
}
