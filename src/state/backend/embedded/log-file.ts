import type { BackendCommit } from '../backend.js';
import type { ChainPoint } from './chain.js';
import { writeCommits, writeStart } from './content.js';
import type { Disk, DiskFile } from './disk.js';
import { FRAME_KINDS, FrameWriter } from './frame.js';
import { type NumberedFile, logPath, unfinishedPath } from './store-files.js';

/** So much must be free before writing is tried again after a failure. */
const PROBE = Buffer.alloc(65_536);

/** The log that commits are appended to. Nothing is appended while an earlier append, or `restore`, goes on. */
export class LogFile implements NumberedFile {
  readonly path: string;
  /** Of its first commit. */
  readonly revision: number;
  readonly #file: DiskFile;
  readonly #writer = new FrameWriter();
  #end: number;

  /** `end` is where its last whole frame ends. */
  constructor(file: DiskFile, { path, revision }: NumberedFile, end: number) {
    this.#file = file;
    this.path = path;
    this.revision = revision;
    this.#end = end;
  }

  /** Makes the log that follows a point: at once with its name and whole, or not at all. */
  static async create(disk: Disk, folder: string, { revision, hash }: ChainPoint): Promise<LogFile> {
    const path = logPath(folder, revision + 1);
    const unfinished = unfinishedPath(path);
    const file = await disk.open(unfinished, true);
    try {
      const writer = new FrameWriter();
      writeStart(writer, { kind: 'log', revision: revision + 1, hash });
      const { bytes } = writer.finish();
      await file.append(bytes, 0);
      await disk.rename(unfinished, path);
      return new LogFile(file, { path, revision: revision + 1 }, bytes.length);
    } catch (thrown) {
      await file.close();
      for (const made of [unfinished, path]) await disk.remove(made);
      throw thrown;
    }
  }

  /** Opens a log that exists, and takes away what follows its last whole frame. */
  static async open(disk: Disk, log: NumberedFile, end: number): Promise<LogFile> {
    const file = await disk.open(log.path, false);
    try {
      const opened = new LogFile(file, log, end);
      if ((await file.size()) > end) await opened.#cut();
      return opened;
    } catch (thrown) {
      await file.close();
      throw thrown;
    }
  }

  /** Where the last durable frame ends. */
  get end(): number {
    return this.#end;
  }

  /** Appends commits as one frame that follows `previous`; the frame's hash, once it is durable. */
  async append(commits: readonly BackendCommit[], records: number, previous: string): Promise<string> {
    const writer = this.#writer;
    writer.begin(FRAME_KINDS.commits, previous);
    writeCommits(writer, commits, records);
    const { bytes, hash } = writer.finish();
    await this.#file.append(bytes, this.#end);
    this.#end += bytes.length;
    return hash;
  }

  /** After a failed append: takes away what may have been written of it, and rejects unless there is room for more. */
  async restore(): Promise<void> {
    await this.#cut();
    try {
      await this.#file.append(PROBE, this.#end);
    } finally {
      await this.#cut();
    }
  }

  close(): Promise<void> {
    return this.#file.close();
  }

  async #cut(): Promise<void> {
    await this.#file.truncate(this.#end);
    await this.#file.sync();
  }
}
