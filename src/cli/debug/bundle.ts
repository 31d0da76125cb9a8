import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { basename, dirname, resolve } from 'node:path';
import { gzipSync } from 'node:zlib';
import { sha256Hex } from '../../core/hash.js';
import { TAR_END, tarFile } from '../../core/tar.js';
import type { BundleFile } from './captures.js';

/** Where a bundle goes, by its path without an extension. */
export interface BundleTarget {
  readonly path: string;
  /** One .tar.gz; otherwise a directory of files. */
  readonly archive: boolean;
}

const INDEX = 'index.json';
const archiveOf = (path: string): string => `${path}.tar.gz`;

/** Why no bundle can be written there: what it would write is there already, or its folder is not. Undefined when it can. */
export function targetProblem({ path, archive }: BundleTarget): string | undefined {
  const first = archive ? archiveOf(path) : resolve(path, INDEX);
  if (existsSync(first)) return `${first} already exists: move it away first, it is not overwritten`;
  return !archive || existsSync(dirname(path)) ? undefined : `there is no folder ${dirname(path)}`;
}

/** Writes the files and an index of them, readable by their owner only. Throws where one of them is there already. */
export function writeBundle(
  { path, archive }: BundleTarget,
  files: readonly BundleFile[],
  facts: { readonly startedAt: Date } & Readonly<Record<string, unknown>>,
): void {
  const all = [{ name: INDEX, bytes: indexOf(files, facts) }, ...files];
  if (archive) {
    const mtimeSeconds = Math.floor(facts.startedAt.getTime() / 1000);
    const parts = all.map(({ name, bytes }) => tarFile(`${basename(path)}/${name}`, bytes, mtimeSeconds));
    writeFileSync(archiveOf(path), gzipSync(Buffer.concat([...parts, TAR_END])), { mode: 0o600, flag: 'wx' });
    return;
  }
  for (const { name, bytes } of all) {
    const file = resolve(path, name);
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
    writeFileSync(file, bytes, { mode: 0o600, flag: 'wx' });
  }
}

function indexOf(files: readonly BundleFile[], facts: object): Buffer {
  const listed = files.map(({ name, bytes }) => ({
    name,
    bytes: bytes.length,
    sha256: sha256Hex(bytes),
  }));
  return Buffer.from(`${JSON.stringify({ ...facts, files: listed }, undefined, 2)}\n`);
}
