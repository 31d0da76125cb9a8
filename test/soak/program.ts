import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import type { RigProcess } from '../support/envoy-rig/rig-process.js';
import type { Host } from './hosts.js';

/** The program that this checkout was built into. */
export const MAIN = fileURLToPath(new URL('../../dist/main.js', import.meta.url));
const CLOCK = pathToFileURL(fileURLToPath(new URL('jumping-clock.mjs', import.meta.url))).href;

/** An agent of ours on a host, server or not, with a wall clock that can be set. */
export class Program {
  readonly #host: Host;
  readonly #clockFile: string;
  #process: RigProcess | undefined;

  /** In: the host, and a folder for its clock. */
  constructor(host: Host, folder: string) {
    this.#host = host;
    this.#clockFile = join(folder, 'clock');
  }

  start(what: string, main: string, args: readonly string[]): RigProcess {
    const words = ['--import', CLOCK, main, 'agent', ...args];
    const started = this.#host.start(`${what} of ${this.#host.name}`, process.execPath, words, {
      CLOCK_FILE: this.#clockFile,
    });
    this.#process = started;
    return started;
  }

  get process(): RigProcess {
    if (this.#process === undefined) throw new Error(`nothing was started on ${this.#host.name}`);
    return this.#process;
  }

  /** Makes its wall clock jump to so far from the right time. */
  setClock(offsetMs: number): void {
    writeFileSync(this.#clockFile, String(offsetMs));
    this.process.signal('SIGUSR2');
  }
}
