import { type Disk, type DiskFile, systemDisk } from '../../../src/state/backend/embedded/disk.js';

/**
 * A disk that refuses writes when told to: before anything is written, after a part of it (a disk that is full), or after everything
 * is (a failed fsync).
 */
export class FailingDisk implements Disk {
  mode: 'works' | 'refuses' | 'is full' | 'loses the confirmation' = 'works';
  /** While set, appended groups wait for it before they are written. */
  gate: Promise<void> | undefined;
  appends = 0;

  readonly rename = systemDisk.rename;
  readonly remove = systemDisk.remove;
  readonly syncFolder = systemDisk.syncFolder;

  async open(path: string, create: boolean): Promise<DiskFile> {
    const file = await systemDisk.open(path, create);
    return {
      ...file,
      write: (bytes, position) => this.#write(bytes, (some) => file.write(some, position)),
      append: async (bytes, position) => {
        this.appends += 1;
        await this.gate;
        await this.#write(bytes, (some) => file.append(some, position));
      },
    };
  }

  async #write(bytes: Buffer, write: (bytes: Buffer) => Promise<void>): Promise<void> {
    if (this.mode === 'refuses') throw new Error('EIO: i/o error, write');
    if (this.mode === 'is full') {
      await write(bytes.subarray(0, bytes.length >> 1));
      throw new Error('ENOSPC: no space left on device, write');
    }
    await write(bytes);
    if (this.mode === 'loses the confirmation') throw new Error('EIO: i/o error, fdatasync');
  }
}
