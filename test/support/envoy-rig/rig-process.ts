import { type ChildProcess, spawn } from 'node:child_process';
import { atUntimelyEnd } from './warden.js';

/** Whoever waits for something of the process waits in vain. */
export class ProcessEnded extends Error {}

const GRACE_MS = 5_000;
const LOG_KEPT = 400_000;

/** A process with all its children, as a group of its own; what it writes is kept. */
export class RigProcess {
  readonly name: string;
  readonly pid: number;
  readonly #child: ChildProcess;
  readonly #ended: Promise<void>;
  #isRunning = true;
  #isToldToEnd = false;
  #log = '';

  constructor(name: string, command: string, args: readonly string[], env: NodeJS.ProcessEnv) {
    this.name = name;
    this.#child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'], detached: true, env });
    this.pid = this.#child.pid ?? 0;
    if (this.pid > 0) atUntimelyEnd.killGroup(this.pid);
    for (const stream of [this.#child.stdout, this.#child.stderr])
      stream?.setEncoding('utf8').on('data', (text: string) => (this.#log = (this.#log + text).slice(-LOG_KEPT)));
    this.#ended = new Promise((resolve) => {
      const end = () => {
        this.#isRunning = false;
        if (this.pid > 0) atUntimelyEnd.forgetGroup(this.pid);
        resolve();
      };
      this.#child.once('error', (error) => {
        this.#log += `${error.message}\n`;
        end();
      });
      this.#child.once('close', end);
    });
  }

  get isRunning(): boolean {
    return this.#isRunning;
  }

  /** It ended without being asked to: a crash, or a refusal to start. */
  get hasDied(): boolean {
    return !this.#isRunning && !this.#isToldToEnd;
  }

  /** What ended it. */
  get how(): string {
    return this.#child.signalCode ?? `exit code ${this.#child.exitCode}`;
  }

  /** What it wrote to its output and error output, the newest part. */
  get log(): string {
    return this.#log;
  }

  /** Throws with its last words when it has ended. */
  assertRunning(): void {
    if (this.#isRunning) return;
    throw new ProcessEnded(`${this.name} has ended (${this.how}):\n${this.#log.slice(-3000)}`);
  }

  /** A signal to the process and its children. */
  signal(signal: NodeJS.Signals): void {
    if (!this.#isRunning) return;
    if (signal === 'SIGTERM' || signal === 'SIGKILL' || signal === 'SIGINT') this.#isToldToEnd = true;
    try {
      process.kill(-this.pid, signal);
    } catch {
      // It has ended in the meantime.
    }
  }

  /** As when the power fails. Resolves when nothing of it is left. */
  async kill(): Promise<void> {
    this.signal('SIGKILL');
    await this.#ended;
  }

  /** Asks it to end, and ends it by force when it does not. */
  async stop(): Promise<void> {
    this.signal('SIGTERM');
    const timer = setTimeout(() => this.signal('SIGKILL'), GRACE_MS);
    await this.#ended;
    clearTimeout(timer);
  }
}
