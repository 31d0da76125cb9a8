import type { TableName } from '../../../model/index.js';
import { AppError } from '../../../core/index.js';
import type { StoredRecord } from '../backend.js';
import type { ChainPoint } from './chain.js';
import { ContentReader, writePut, writeStart } from './content.js';
import type { Disk, DiskFile } from './disk.js';
import { FRAME_KINDS, FrameWriter } from './frame.js';
import { FrameFile } from './frame-file.js';
import { snapshotPath, unfinishedPath } from './store-files.js';

/** Reading, copying and hashing so much takes a few tenths of a millisecond, in which nobody else is answered. */
const FRAME_BYTES = 128 << 10;

/** The revision that a record has in the state to be written; 0 = it is not in it. */
export type RevisionOf = (table: TableName, key: string) => number;

export interface SnapshotSource {
  readonly path: string;
  /** Where its last whole frame ends. */
  readonly end: number;
}

/** Writes a snapshot; nothing has its name until it is whole and on the disk. */
export class SnapshotWriter {
  readonly path: string;
  readonly #disk: Disk;
  readonly #file: DiskFile;
  readonly #writer = new FrameWriter();
  #previous: string;
  #position = 0;
  #count = 0;

  private constructor(disk: Disk, file: DiskFile, path: string) {
    this.#disk = disk;
    this.#file = file;
    this.path = path;
    this.#previous = '';
  }

  /** Begins the snapshot of the state at a point. */
  static async create(disk: Disk, folder: string, point: ChainPoint): Promise<SnapshotWriter> {
    const path = snapshotPath(folder, point.revision);
    const snapshot = new SnapshotWriter(disk, await disk.open(unfinishedPath(path), true), path);
    writeStart(snapshot.#writer, { kind: 'snapshot', ...point });
    await snapshot.#flush();
    return snapshot;
  }

  async put(record: StoredRecord): Promise<void> {
    writePut(this.#writer, record);
    this.#count += 1;
    if (this.#writer.size >= FRAME_BYTES) await this.#flush();
  }

  /** Copies those records of a file that belong to the state. Stops when `isCancelled`. */
  async copy(source: SnapshotSource, revisionOf: RevisionOf, isCancelled: () => boolean): Promise<void> {
    const file = await this.#disk.open(source.path, false);
    try {
      const frames = new FrameFile(file, source.end, FRAME_BYTES);
      for (let frame = await frames.next(); frame && !isCancelled(); frame = await frames.next()) {
        this.#copyFrame(frame.kind, frame.content, revisionOf);
        if (this.#writer.size >= FRAME_BYTES) await this.#flush();
      }
      if (!isCancelled() && frames.position !== source.end)
        throw new AppError('corruptState', `${source.path} has been damaged since it was written.`);
    } finally {
      await file.close();
    }
  }

  /** Ends the snapshot and gives it its name; how many bytes it has. */
  async finish(): Promise<number> {
    if (this.#writer.size > 0) await this.#flush();
    this.#begin(FRAME_KINDS.end);
    this.#writer.number(this.#count);
    await this.#flush();
    await this.#file.sync();
    await this.#file.close();
    await this.#disk.rename(unfinishedPath(this.path), this.path);
    return this.#position;
  }

  /** Removes what is there of it. */
  async abandon(): Promise<void> {
    await this.#file.close().catch(() => undefined);
    await this.#disk.remove(unfinishedPath(this.path));
  }

  #begin(kind: number): void {
    this.#writer.begin(kind, this.#previous);
  }

  /** Ends the frame and begins one of records. */
  async #flush(): Promise<void> {
    const { bytes, hash } = this.#writer.finish();
    await this.#file.write(bytes, this.#position);
    this.#position += bytes.length;
    this.#previous = hash;
    this.#begin(FRAME_KINDS.records);
  }

  #copyFrame(kind: number, content: Buffer, revisionOf: RevisionOf): void {
    const reader = new ContentReader(content);
    if (kind === FRAME_KINDS.records) while (!reader.isAtEnd) this.#copyChange(reader, content, revisionOf);
    if (kind !== FRAME_KINDS.commits) return;
    reader.number();
    while (!reader.isAtEnd) {
      reader.number();
      for (let left = reader.number(); left > 0; left -= 1) this.#copyChange(reader, content, revisionOf);
    }
  }

  #copyChange(reader: ContentReader, content: Buffer, revisionOf: RevisionOf): void {
    const { table, key, modRevision, from, to } = reader.changePlace();
    if (modRevision === undefined || revisionOf(table, key) !== modRevision) return;
    this.#writer.copy(content, from, to);
    this.#count += 1;
  }
}
