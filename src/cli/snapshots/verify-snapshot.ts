import { createReadStream } from 'node:fs';
import { readSnapshot, type ReadSnapshot, type SnapshotRecord } from '../../snapshot/index.js';

/** Reads a snapshot file from its begin to its end. Throws SnapshotError for what is none, or damaged; else the error of the file. */
export async function verifySnapshot(
  path: string,
  onRecord: (record: SnapshotRecord, sizeBytes: number) => void = () => undefined,
): Promise<ReadSnapshot> {
  const file = createReadStream(path);
  try {
    return await readSnapshot(file, onRecord);
  } finally {
    file.destroy();
  }
}
