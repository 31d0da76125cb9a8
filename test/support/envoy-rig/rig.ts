import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { RigProcess } from './rig-process.js';
import { atUntimelyEnd } from './warden.js';

type Cleanup = () => Promise<void>;

/** Owns everything that a test starts: `close` ends it all, the last first, and leaves no process, port or folder. */
export class Rig {
  readonly folder: string;
  readonly #cleanups: Cleanup[] = [];
  readonly #processes: RigProcess[] = [];

  constructor() {
    this.folder = mkdtempSync(join(tmpdir(), 'meshwright-rig-'));
    atUntimelyEnd.removeFolder(this.folder);
  }

  /** Starts a process that ends with the rig. */
  start(name: string, command: string, args: readonly string[], env: NodeJS.ProcessEnv = {}): RigProcess {
    const started = new RigProcess(name, command, args, { ...cleanEnvironment(), ...env });
    this.#processes.push(started);
    this.onClose(() => started.stop());
    return started;
  }

  /** Names, and the last words, of what ended with a signal or an error that nobody here caused. */
  get died(): string {
    return this.#processes
      .filter(({ hasDied }) => hasDied)
      .map(({ name, how, log }) => `${name} has ended (${how}):\n${log.slice(-3000)}`)
      .join('\n');
  }

  onClose(cleanup: Cleanup): void {
    this.#cleanups.push(cleanup);
  }

  async close(): Promise<void> {
    // At once, since each may take its grace time; connections of load and apps do not wait for one another.
    await Promise.all(
      this.#cleanups
        .splice(0)
        .reverse()
        .map((cleanup) => cleanup()),
    );
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** Without the settings of the user's own agent and Envoy. */
function cleanEnvironment(): NodeJS.ProcessEnv {
  return Object.fromEntries(
    Object.entries(process.env).filter(
      ([name]) => !/^(CONSUL|MESHWRIGHT|CONNECT|ENVOY|VITEST|NODE_OPTIONS)/.test(name),
    ),
  );
}
