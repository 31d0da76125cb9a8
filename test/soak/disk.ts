import { execFileSync } from 'node:child_process';
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';

/** A small disk of its own, which can be full. */
export class Disk {
  readonly path: string;

  /** Mounted at the path; `size` as the mount option says it (`400m`). */
  constructor(path: string, size: string) {
    this.path = path;
    mkdirSync(path, { recursive: true });
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${size}`, 'none', path]);
  }

  /** Leaves no space on it. */
  fill(): void {
    try {
      execFileSync('dd', ['if=/dev/zero', `of=${this.#ballast}`, 'bs=64k'], { stdio: 'pipe' });
    } catch {
      // It ends with "no space left", as it should.
    }
  }

  empty(): void {
    rmSync(this.#ballast, { force: true });
  }

  /** Lets go of it; everything that uses it has ended or is about to. */
  unmount(): void {
    execFileSync('umount', ['-l', this.path]);
  }

  get #ballast(): string {
    return join(this.path, 'ballast');
  }
}
