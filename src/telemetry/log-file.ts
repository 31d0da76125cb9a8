import {
  closeSync,
  existsSync,
  fstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { basename, dirname, extname, join } from 'node:path';

const DEFAULT_NAME = 'meshwright.log';

export interface LogFileOptions {
  /** A file, or a directory when it ends in `/`. */
  readonly path: string;
  /** 0 = whatever its size. */
  readonly rotateBytes: number;
  readonly rotateAfterMs: number;
  /** Old files that are kept: 0 = all, -1 = none. */
  readonly maxFiles: number;
  readonly now: () => number;
  /** The file cannot be written: told once, until it can be again. */
  readonly onProblem: (message: string) => void;
}

/**
 * A log file. At a size or age it is renamed (`name-<ms since the epoch>.log`) and a new one begun; the oldest of the renamed
 * are removed. A disk that is full costs lines, never the process. Throws when the file cannot be opened at first.
 */
export function openLogFile(options: LogFileOptions): { write(line: string): void; close(): void } {
  const path = options.path.endsWith('/') ? join(options.path, DEFAULT_NAME) : options.path;
  mkdirSync(dirname(path), { recursive: true, mode: 0o755 });
  let file = openAppending(path);
  let { size } = file;
  let begunMs = options.now();
  let isBroken = false;

  const rotate = (): void => {
    if (options.maxFiles < 0) rmSync(path, { force: true });
    else if (existsSync(path)) renameSync(path, `${stemOf(path)}-${options.now()}${extname(path)}`);
    // The old one is closed only when there is a new one: a number that is closed soon means somebody else's file.
    const next = openAppending(path);
    closeSync(file.descriptor);
    file = next;
    size = 0;
    begunMs = options.now();
    removeOld(path, options.maxFiles);
  };

  return {
    write(line) {
      const bytes = Buffer.byteLength(line);
      const isFull = options.rotateBytes > 0 && size > 0 && size + bytes > options.rotateBytes;
      const isOld = options.now() - begunMs >= options.rotateAfterMs;
      try {
        if (isFull || isOld) rotate();
        writeSync(file.descriptor, line);
        size += bytes;
        isBroken = false;
      } catch (thrown) {
        if (!isBroken) options.onProblem(`the log file ${path} cannot be written: ${(thrown as Error).message}`);
        isBroken = true;
      }
    },
    close() {
      closeSync(file.descriptor);
    },
  };
}

function openAppending(path: string): { readonly descriptor: number; readonly size: number } {
  const descriptor = openSync(path, 'a', 0o640);
  return { descriptor, size: fstatSync(descriptor).size };
}

const stemOf = (path: string): string => join(dirname(path), basename(path, extname(path)));

function removeOld(path: string, maxFiles: number): void {
  if (maxFiles <= 0) return;
  const stem = `${basename(path, extname(path))}-`;
  const old = readdirSync(dirname(path))
    .filter((name) => name.startsWith(stem) && /^\d+$/.test(basename(name, extname(path)).slice(stem.length)))
    .sort();
  for (const name of old.slice(0, -maxFiles)) rmSync(join(dirname(path), name), { force: true });
}
