import { type ChildProcess, spawn } from 'node:child_process';
import { exitCodeOf } from '../exit-code.js';
import { spawnWords } from '../spawn-words.js';

/** How the child is started. */
export interface ChildWish {
  readonly command: readonly string[];
  readonly shell: boolean;
  readonly passStdin: boolean;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
}

/** How it ended: its exit code, or 128 + the number of the signal as shells say it. */
export interface ChildEnd {
  readonly code: number;
}

export interface RunningChild {
  readonly ended: Promise<ChildEnd>;
  signal(name: NodeJS.Signals): void;
  /** Asks it to end, and ends it when it has not after some seconds. */
  terminate(): Promise<ChildEnd>;
}

const GRACE_MS = 5000;

/** Starts the child in a process group of its own when a shell runs it, so that signals reach what the shell started. */
export function startChild({ command, shell, passStdin, env, cwd }: ChildWish): RunningChild {
  const { program, args } = spawnWords(command, shell);
  const child = spawn(program, args, {
    cwd,
    env: { ...env, CONSUL_LOCK_HELD: 'true' },
    stdio: [passStdin ? 'inherit' : 'ignore', 'inherit', 'inherit'],
    detached: !passStdin,
  });
  const ended = endOf(child);
  const signal = (name: NodeJS.Signals): void => signalGroup(child, name, !passStdin);
  return {
    ended,
    signal,
    async terminate() {
      signal('SIGTERM');
      const timer = setTimeout(() => signal('SIGKILL'), GRACE_MS);
      return ended.finally(() => clearTimeout(timer));
    },
  };
}

function endOf(child: ChildProcess): Promise<ChildEnd> {
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('exit', (code, signal) => resolve({ code: exitCodeOf(code, signal) }));
  });
}

/** The group may be gone already: then there is nobody to tell. */
function signalGroup(child: ChildProcess, name: NodeJS.Signals, isGroup: boolean): void {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  try {
    process.kill(isGroup ? -child.pid : child.pid, name);
  } catch {
    child.kill(name);
  }
}
