import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync, rmSync } from 'node:fs';
import { backOffMs, type Clock } from '../../core/index.js';

const BACK_OFF = { firstMs: 500, longestMs: 15_000 };
/** Who ran that long begins with the first pause again. */
const GOOD_RUN_MS = 60_000;
const STOP_GRACE_MS = 10_000;

/**
 * Runs the program beside a pipe that only we hold open: when we end, however that comes about, the pipe closes and the program is
 * told to end, and killed when it does not within its grace. `$1` is the file for its process id, `$2` the grace in seconds.
 */
const GUARD = `
pidfile=$1; grace=$2; shift 2
exec 3<&0 </dev/null
"$@" 3<&- & child=$!
echo $child >"$pidfile"
( while read -r _ <&3; do :; done
  kill -TERM $child
  while [ $grace -gt 0 ] && kill -0 $child; do sleep 1; grace=$((grace - 1)); done
  kill -KILL $child ) >/dev/null 2>&1 & guard=$!
exec 3<&-
trap : TERM INT HUP
exec 2>/dev/null
wait $child; code=$?
while kill -0 $child; do wait $child; code=$?; done
kill -KILL $guard
rm -f "$pidfile"
exit $code
`;

export interface SupervisedProcessParts {
  readonly program: string;
  /** Asked at each start. */
  readonly args: () => readonly string[];
  readonly env: NodeJS.ProcessEnv;
  /** Holds the process id while it runs. */
  readonly pidFile: string;
  readonly clock: Clock;
  readonly onOutput: (text: string) => void;
  /** It ended by itself; it is started again after `restartInMs` unless `stop` is called before. */
  readonly onExit: (how: string, restartInMs: number) => void;
}

/** A program that is kept running, and never outlives us. */
export class SupervisedProcess {
  readonly #parts: SupervisedProcessParts;
  #child: ChildProcess | undefined;
  #cancelRestart: () => void = () => undefined;
  #failures = 0;
  #startedAtMs = 0;
  #isWanted = false;

  constructor(parts: SupervisedProcessParts) {
    this.#parts = parts;
  }

  get isRunning(): boolean {
    return this.#child !== undefined;
  }

  start(): void {
    this.#isWanted = true;
    if (!this.#child) this.#spawn();
  }

  /** Ends it: asks, then kills. Resolves when it is gone. */
  async stop(): Promise<void> {
    this.#isWanted = false;
    this.#cancelRestart();
    const child = this.#child;
    if (!child) return;
    const gone = new Promise<void>((resolve) => child.once('close', () => resolve()));
    // The guard ends it: the pipe is the same whether we stop or die.
    child.stdin?.end();
    await gone;
  }

  #spawn(): void {
    const { program, args, env, pidFile, clock, onOutput } = this.#parts;
    endLeftOver(pidFile, program);
    this.#startedAtMs = clock.now();
    const guard = ['-c', GUARD, 'guard', pidFile, String(STOP_GRACE_MS / 1000), program, ...args()];
    // A group of its own: a Ctrl-C in a terminal is for us alone, we end it when our own work is done.
    const child = spawn('/bin/sh', guard, { env, stdio: ['pipe', 'pipe', 'pipe'], detached: true });
    this.#child = child;
    child.stdin.on('error', () => undefined);
    for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', onOutput);
    child.once('error', (error) => onOutput(`${error.message}\n`));
    child.once('close', (code, signal) => this.#ended(signal ?? `exit code ${code}`));
  }

  #ended(how: string): void {
    this.#child = undefined;
    if (!this.#isWanted) return;
    const { clock, onExit } = this.#parts;
    this.#failures = clock.now() - this.#startedAtMs >= GOOD_RUN_MS ? 0 : this.#failures + 1;
    const restartInMs = backOffMs(this.#failures, BACK_OFF);
    this.#cancelRestart = clock.after(restartInMs, () => this.#spawn());
    onExit(how, restartInMs);
  }
}

/** Ends a program that an earlier run left behind although its guard should have: only when the process is really that program. */
function endLeftOver(pidFile: string, program: string): void {
  try {
    const pid = Number(readFileSync(pidFile, 'utf8').trim());
    if (Number.isInteger(pid) && pid > 1 && readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0')[0] === program)
      process.kill(pid, 'SIGKILL');
    rmSync(pidFile, { force: true });
  } catch {
    // There is none.
  }
}
