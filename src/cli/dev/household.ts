import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** A process of ours. */
export interface HouseholdProcess {
  readonly name: string;
  readonly pid: number;
  readonly isRunning: () => boolean;
  /** The last lines it logged. */
  readonly lastLines: (count: number) => readonly string[];
}

export interface Household {
  /** A folder that only we can read; it goes with everything else. */
  readonly folder: string;
  /** Starts a process in a group of its own, so that Ctrl-C reaches only us. `onEnd` is told when it ended unasked. */
  start(
    name: string,
    command: string,
    args: readonly string[],
    onEnd: (how: string) => void,
  ): Promise<HouseholdProcess>;
  /** Ends all processes, the last started first in line, and removes the folder. Resolves when all is gone. */
  end(): Promise<void>;
  /** The same at once and by force. */
  endNow(): void;
}

const GRACE_MS = 3000;

/** Keeps all processes and the temp folder of `dev`; a warden process cleans up should this one be killed. */
export function openHousehold(): Household {
  const folder = mkdtempSync(join(tmpdir(), 'meshwright-dev-'));
  const warden = spawn(process.execPath, [fileURLToPath(new URL('./warden-main.js', import.meta.url))], {
    stdio: ['pipe', 'ignore', 'ignore'],
    detached: true,
  });
  warden.stdin.on('error', () => {});
  warden.on('error', () => {});
  const tell = (line: string) => void warden.stdin.write(`${line}\n`);
  tell(folder);
  const running = new Map<string, ChildProcess>();
  let isEnding = false;

  const signalAll = (signal: NodeJS.Signals) => {
    for (const child of running.values()) sendToGroup(child, signal);
  };
  return {
    folder,
    start: (name, command, args, onEnd) =>
      new Promise((resolve, reject) => {
        if (isEnding) throw new Error('it is over already');
        const logFile = join(folder, `${name}.log`);
        const log = openSync(logFile, 'a', 0o600);
        const child = spawn(command, args, { stdio: ['ignore', log, log], detached: true });
        closeSync(log);
        child.once('error', (error) => reject(new Error(`${name} could not be started: ${error.message}`)));
        if (child.pid !== undefined) {
          running.set(name, child);
          tell(`+${child.pid}`);
        }
        child.once('spawn', () => {
          resolve({
            name,
            pid: child.pid ?? 0,
            isRunning: () => running.get(name) === child,
            lastLines: (count) => lastLines(logFile, count),
          });
        });
        child.once('exit', (code, signal) => {
          tell(`-${child.pid ?? 0}`);
          running.delete(name);
          if (!isEnding) onEnd(signal === null ? `exit code ${code}` : signal);
        });
      }),
    end: async () => {
      isEnding = true;
      const gone = [...running.values()].map((child) => new Promise((resolve) => child.once('exit', resolve)));
      signalAll('SIGTERM');
      const timer = setTimeout(() => signalAll('SIGKILL'), GRACE_MS);
      await Promise.all(gone);
      clearTimeout(timer);
      rmSync(folder, { recursive: true, force: true });
      const wardenGone = new Promise((resolve) => warden.once('exit', resolve));
      warden.stdin.end();
      if (warden.exitCode === null && warden.signalCode === null) await wardenGone;
    },
    endNow: () => {
      isEnding = true;
      signalAll('SIGKILL');
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function sendToGroup(child: ChildProcess, signal: NodeJS.Signals): void {
  try {
    if (child.pid !== undefined) process.kill(-child.pid, signal);
  } catch {
    // It has ended in the meantime.
  }
}

function lastLines(file: string, count: number): readonly string[] {
  try {
    return readFileSync(file, 'utf8').trim().split('\n').slice(-count);
  } catch {
    return [];
  }
}
