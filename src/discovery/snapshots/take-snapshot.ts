import { Readable, pipeline } from 'node:stream';
import { createGzip } from 'node:zlib';
import type { Clock } from '../../core/index.js';
import { snapshotBytes } from '../../snapshot/index.js';
import type { StateStore } from '../../state/index.js';

/** Cheap: the file is larger by a tenth than the best would be, and is made in half of the time. */
const COMPRESSION_LEVEL = 3;

/** Who says that this was the state. */
export interface SnapshotOrigin {
  readonly node: string;
  readonly datacenter: string;
}

export interface TakenSnapshot {
  /** The index of the state that is saved. */
  readonly index: number;
  /** The file; it is made as it is read. */
  readonly file: Readable;
}

/** Saves the state as it is now; what is written while the file is read is not in it. */
export function takeSnapshot(store: StateStore, origin: SnapshotOrigin, clock: Clock): TakenSnapshot {
  const capture = store.capture();
  const { index, counts } = capture;
  const content = { index, counts, ...origin, createdAt: new Date(clock.now()).toISOString() };
  const file = createGzip({ level: COMPRESSION_LEVEL });
  // A fault ends the file too early, which its reader sees.
  pipeline(Readable.from(snapshotBytes(content, capture.records())), file, () => undefined);
  return { index, file };
}
