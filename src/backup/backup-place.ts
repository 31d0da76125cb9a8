import type { Readable } from 'node:stream';

/** A backup as its place lists it. */
export interface BackupFile {
  readonly name: string;
  readonly sizeBytes: number;
  /** When it was taken, ms since the epoch. */
  readonly atMs: number;
}

/** A whole, verified snapshot on the local disk that is to be kept. */
export interface FinishedFile {
  readonly path: string;
  readonly sizeBytes: number;
  /** Of the file, hexadecimal. */
  readonly sha256: string;
}

/**
 * Where backups lie. Names are plain file names. Every function throws AppError with one sentence that says what to do, without
 * a secret in it.
 */
export interface BackupPlace {
  /** For people: a folder's path, or `s3://bucket/prefix`. */
  readonly shown: string;
  /** The folder in which files are made before they are handed over. */
  readonly scratchFolder: string;
  /** All backups of ours, the oldest first; other files are not ours. */
  list(): Promise<readonly BackupFile[]>;
  /** Puts a file under its final name, where there is either nothing, what was there before, or all of it. It may be moved away. */
  put(name: string, file: FinishedFile): Promise<void>;
  /** The bytes under a name. */
  open(name: string): Promise<Readable>;
  remove(name: string): Promise<void>;
}
