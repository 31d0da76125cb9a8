import { readdir } from 'node:fs/promises';
import { join } from 'node:path';

const DIGITS = 16;
const LOG = /^log-(\d{16})$/;
const SNAPSHOT = /^snapshot-(\d{16})$/;
const UNFINISHED = /^(?:log|snapshot)-\d{16}\.new$/;

/** A file of the store, with the revision in its name. */
export interface NumberedFile {
  readonly path: string;
  readonly revision: number;
}

/** The files of a store, oldest first. */
export interface StoreFiles {
  /** By the revision that they hold the state of. */
  readonly snapshots: readonly NumberedFile[];
  /** By their first commit. */
  readonly logs: readonly NumberedFile[];
  /** Left behind while they were made. */
  readonly unfinished: readonly string[];
}

const name = (revision: number): string => String(revision).padStart(DIGITS, '0');

/** The log whose first commit has a revision. */
export const logPath = (folder: string, revision: number): string => join(folder, `log-${name(revision)}`);

/** The snapshot of the state at a revision. */
export const snapshotPath = (folder: string, revision: number): string => join(folder, `snapshot-${name(revision)}`);

/** What a file is called while it is made. */
export const unfinishedPath = (path: string): string => `${path}.new`;

/** Finds the files of a store. Rejects with what the file system says. */
export async function findFiles(folder: string): Promise<StoreFiles> {
  const names = (await readdir(folder)).toSorted();
  const numbered = (pattern: RegExp): NumberedFile[] =>
    names.flatMap((file) => {
      const revision = pattern.exec(file)?.[1];
      return revision === undefined ? [] : [{ path: join(folder, file), revision: Number(revision) }];
    });
  return {
    snapshots: numbered(SNAPSHOT),
    logs: numbered(LOG),
    unfinished: names.filter((file) => UNFINISHED.test(file)).map((file) => join(folder, file)),
  };
}
