import { existsSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';

export interface NewFile {
  readonly name: string;
  readonly text: string;
  /** Holds a private key: readable by its owner only. */
  readonly secret: boolean;
}

/** Writes files that must not be there yet; none is written when one is. Throws an error that names it. */
export function writeNewFiles(folder: string, files: readonly NewFile[]): void {
  const taken = files.find(({ name }) => existsSync(resolve(folder, name)));
  if (taken) throw new Error(`${taken.name} already exists: move it away first, it is not overwritten`);
  for (const { name, text, secret } of files)
    writeFileSync(resolve(folder, name), text, { mode: secret ? 0o600 : 0o644, flag: 'wx' });
}
