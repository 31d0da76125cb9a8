import { spawn, type ChildProcess } from 'node:child_process';
import type { Clock } from '../../core/index.js';
import { OutputTail } from './check-output.js';

export interface ProcessOutcome {
  /** undefined = it never ran, was killed, or ran out of time. */
  readonly exitCode: number | undefined;
  /** Standard output and error as they came, the last `outputLimit` bytes. */
  readonly output: string;
  /** Why there is no exit code. */
  readonly problem: string;
}

export interface ProcessOptions {
  readonly clock: Clock;
  /** In bytes. */
  readonly outputLimit: number;
  readonly signal: AbortSignal;
  /** What it reads; nothing when absent. */
  readonly input?: string;
  /** Its environment; the agent's when absent. */
  readonly env?: Readonly<Record<string, string | undefined>>;
}

/** How long output may still come after the end of a process whose group is gone: somebody else holds its pipes. */
const LAST_OUTPUT_MS = 100;

/**
 * Runs a program without a shell, in a process group of its own. Whatever it started is killed with it: when it ends, and when
 * the signal aborts. Never throws.
 */
export function runProcess(argv: readonly string[], options: ProcessOptions): Promise<ProcessOutcome> {
  const { clock, outputLimit, signal, input, env } = options;
  const [program = '', ...args] = argv;
  return new Promise((resolve) => {
    const tail = new OutputTail(outputLimit);
    let child: ChildProcess;
    try {
      child = spawn(program, args, {
        detached: true,
        stdio: [input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'],
        ...(env ? { env: { ...env } } : {}),
      });
    } catch (thrown) {
      resolve({ exitCode: undefined, output: '', problem: startProblem(program, thrown as Error) });
      return;
    }
    let cancelWait = (): void => undefined;
    let killed = false;
    const kill = (): void => {
      if (!killed) killGroup(child);
      killed = true;
    };
    const finish = (exitCode: number | undefined, problem: string): void => {
      cancelWait();
      signal.removeEventListener('abort', onAbort);
      kill();
      child.stdout?.destroy();
      child.stderr?.destroy();
      resolve({ exitCode, output: tail.text(), problem });
    };
    const onAbort = (): void => finish(undefined, 'timed out');
    // It need not read.
    child.stdin?.on('error', () => undefined);
    child.stdin?.end(input);
    const take = (chunk: Buffer): void => tail.push(chunk);
    child.stdout?.on('data', take);
    child.stderr?.on('data', take);
    child.once('error', (error) => finish(undefined, startProblem(program, error)));
    child.once('exit', (code, killedBy) => {
      kill();
      const end = (): void => finish(code ?? undefined, killedBy === null ? '' : `killed by ${killedBy}`);
      child.once('close', end);
      cancelWait = clock.after(LAST_OUTPUT_MS, end);
    });
    if (signal.aborted) onAbort();
    else signal.addEventListener('abort', onAbort, { once: true });
  });
}

/** The group outlives its leader as long as somebody is in it; when nobody is, there is nothing to kill. */
function killGroup({ pid }: ChildProcess): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // ESRCH: all of them have ended.
  }
}

function startProblem(program: string, error: NodeJS.ErrnoException): string {
  if (error.code === 'ENOENT') return `exec: "${program}": no such file, and none of that name in $PATH`;
  return error.code === 'EACCES' ? `exec: "${program}": permission denied` : `exec: "${program}": ${error.message}`;
}
