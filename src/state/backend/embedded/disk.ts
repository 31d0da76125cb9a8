import { close, fdatasync, fstat, ftruncate, open, read, write } from 'node:fs';
import { open as openHandle, rename, unlink } from 'node:fs/promises';
import { promisify } from 'node:util';

/** An open file. Each rejects with what the file system says. */
export interface DiskFile {
  /** Writes all bytes at a position; resolves when they, and everything written before, are on the disk. */
  append(bytes: Buffer, position: number): Promise<void>;
  /** Writes all bytes at a position; on the disk at the next `append` or `sync`. */
  write(bytes: Buffer, position: number): Promise<void>;
  /** Fills the buffer from a position; how many bytes there were. */
  read(buffer: Buffer, position: number): Promise<number>;
  truncate(length: number): Promise<void>;
  sync(): Promise<void>;
  size(): Promise<number>;
  close(): Promise<void>;
}

/** What the engine needs of a file system; tests give one that fails. */
export interface Disk {
  /** Opens a file for reading and writing; `create` empties it or makes it. */
  open(path: string, create: boolean): Promise<DiskFile>;
  /** Gives a file its final name in the same folder; resolves when that is on the disk. */
  rename(from: string, to: string): Promise<void>;
  /** Removes a file, if it is there. */
  remove(path: string): Promise<void>;
  syncFolder(path: string): Promise<void>;
}

const [openFile, closeFile, sync, stat, truncate] = [open, close, fdatasync, fstat, ftruncate].map((call) =>
  promisify(call as never),
) as unknown as [
  (path: string, flags: string, mode: number) => Promise<number>,
  (file: number) => Promise<void>,
  (file: number) => Promise<void>,
  (file: number) => Promise<{ readonly size: number }>,
  (file: number, length: number) => Promise<void>,
];

/** The file system of this machine. */
export const systemDisk: Disk = {
  open: async (path, create) => diskFile(await openFile(path, create ? 'w+' : 'r+', 0o600)),
  rename: async (from, to) => {
    await rename(from, to);
    await systemDisk.syncFolder(folderOf(to));
  },
  remove: async (path) => {
    await unlink(path).catch((thrown: unknown) => {
      if ((thrown as NodeJS.ErrnoException).code !== 'ENOENT') throw thrown;
    });
  },
  syncFolder: async (path) => {
    const folder = await openHandle(path, 'r');
    try {
      await folder.sync();
    } finally {
      await folder.close();
    }
  },
};

function diskFile(file: number): DiskFile {
  return {
    append: (bytes, position) =>
      new Promise((resolve, reject) => {
        writeAll(file, bytes, position, (error) => {
          if (error) reject(error);
          else fdatasync(file, (failed) => (failed ? reject(failed) : resolve()));
        });
      }),
    write: (bytes, position) =>
      new Promise((resolve, reject) => {
        writeAll(file, bytes, position, (error) => (error ? reject(error) : resolve()));
      }),
    read: (buffer, position) => readAll(file, buffer, position),
    truncate: (length) => truncate(file, length),
    sync: () => sync(file),
    size: async () => (await stat(file)).size,
    close: () => closeFile(file),
  };
}

/** A disk that is nearly full takes a part of what it is given. */
function writeAll(file: number, bytes: Buffer, position: number, done: (error: Error | null) => void): void {
  write(file, bytes, 0, bytes.length, position, (error, written) => {
    if (error || written === bytes.length) done(error);
    else writeAll(file, bytes.subarray(written), position + written, done);
  });
}

async function readAll(file: number, buffer: Buffer, position: number): Promise<number> {
  let filled = 0;
  while (filled < buffer.length) {
    const length = await new Promise<number>((resolve, reject) => {
      read(file, buffer, filled, buffer.length - filled, position + filled, (error, count) =>
        error ? reject(error) : resolve(count),
      );
    });
    if (length === 0) break;
    filled += length;
  }
  return filled;
}

export const folderOf = (path: string): string => path.slice(0, path.lastIndexOf('/')) || '/';
