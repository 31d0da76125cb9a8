import { createReadStream } from 'node:fs';
import { readSnapshot, type ReadSnapshot, type SnapshotRecord } from '../../snapshot/index.js';

/** Reads a snapshot file from its begin to its end. Throws SnapshotError for what is none, or damaged; else the error of the file. */
export async function verifySnapshot(
  path: string,
  onRecord: (record: SnapshotRecord, sizeBytes: number) => void = () => undefined,
): Promise<ReadSnapshot> {
  const file = createReadStream(path);
  let fileError: Error | undefined;
  file.once('error', (error) => {
    fileError = error;
  });
  try {
    return await readSnapshot(file, onRecord);
  } catch (thrown) {
    // To the reader of the format a file that cannot be read looks like one that is cut short.
    throw fileError ?? thrown;
  } finally {
    file.destroy();
  }
}
