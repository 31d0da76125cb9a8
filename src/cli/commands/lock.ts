import { parseDurationMs } from '../../core/duration.js';
import { defineCommand } from '../command.js';
import { failure, messageOf, refuse } from '../failure.js';
import { durationFlag, numberFlag, switchFlag, textFlag } from '../flags/flag.js';
import { type ChildEnd, type RunningChild, startChild } from '../lock/child.js';
import { type Hold, LockConflict, type LockWish } from '../lock/hold.js';
import { type LockSession, openLockSession } from '../lock/lock-session.js';
import { watchForLoss } from '../lock/monitor.js';
import { acquireMutex } from '../lock/mutex.js';
import { acquireSemaphore } from '../lock/semaphore.js';
import { type ForwardedSignals, forwardSignals } from '../lock/signals.js';

/** Exit code for a child that failed, with -child-exit-code. */
const CHILD_FAILED = 2;

/** `lock`: runs a command while a lock, or a place of a semaphore, is held. */
export const lock = defineCommand({
  usage: '[options] PREFIX COMMAND...',
  about:
    'Takes the lock at PREFIX, runs COMMAND while it is held, and gives it back. When the lock is lost, COMMAND is ended: SIGTERM, after five seconds SIGKILL. With -n above 1 as many as that may hold it at once.',
  examples: [
    { says: 'Run a script on one machine at a time:', type: 'lock jobs/nightly ./nightly.sh' },
    { says: 'Let three workers run at once:', type: 'lock -n=3 jobs/workers ./worker.sh' },
    { says: 'Give up after ten seconds:', type: 'lock -try=10s jobs/nightly ./nightly.sh' },
  ],
  flags: {
    n: numberFlag('How many may hold the lock at once.', 1),
    name: textFlag('Name of the session. Default: made from COMMAND and PREFIX.'),
    try: durationFlag('Try for this long to take the lock, then give up.', parseDurationMs),
    timeout: durationFlag('Longest wait for the lock; without it there is no limit.', parseDurationMs),
    monitorRetry: numberFlag('How often to try again when the agent fails while the lock is watched.', 3),
    childExitCode: switchFlag('Exit with 2 when COMMAND failed.'),
    passStdin: switchFlag('COMMAND reads the stdin of this command.'),
    shell: switchFlag('Run COMMAND in a shell.', true),
    verbose: switchFlag('Say what happens.'),
  },
  maxArgs: Number.POSITIVE_INFINITY,
  reachesAgent: true,
  flagsFirst: true,
  run: async ({ agent, args: [given = '', ...command], rest, flags, io }) => {
    const prefix = given.split('/').filter(Boolean).join('/');
    const child = [...command, ...rest];
    if (prefix === '') return refuse(io, 'Error! Missing PREFIX argument: the key prefix of the lock');
    if (child.length === 0) return refuse(io, 'Error! Missing COMMAND argument: what to run while the lock is held');
    if (flags.n < 1) return refuse(io, 'Error! -n must be at least 1');
    if (flags.monitorRetry < 0) return refuse(io, 'Error! -monitor-retry must not be negative');
    const say = (sentence: string): void => void (flags.verbose && io.out(`${sentence}\n`));
    const untilMs = performance.now() + (flags.try || flags.timeout || Number.POSITIVE_INFINITY);
    const signals = forwardSignals();
    let session: LockSession | undefined;
    try {
      say(`Setting up ${flags.n === 1 ? 'lock' : 'semaphore'} at path: ${prefix}/.lock`);
      session = await openLockSession(agent, {
        name: flags.name || `Consul lock for '${child.join(' ')}' at '${prefix}'`,
        behavior: flags.n === 1 ? 'release' : 'delete',
      });
      const signal = AbortSignal.any([signals.interrupted, session.lost]);
      say('Attempting lock acquisition');
      const hold = await acquire({ agent, session, prefix, limit: flags.n, untilMs, signal });
      if (hold === undefined)
        return refuse(io, `Lock acquisition failed: ${signal.aborted ? 'interrupted' : 'it was not free in time'}`);
      say(`Lock acquired: ${hold.key}`);
      const start = () => startChild({ command: child, ...flags, env: io.env, cwd: io.cwd });
      const outcome = await runHolding(start, { hold, session, signals, retries: flags.monitorRetry });
      if (outcome.lostBecause !== undefined)
        return refuse(io, `Lock lost, the command was ended: ${outcome.lostBecause}`);
      say(`The command ended with code ${outcome.end.code}; lock released`);
      return flags.childExitCode && outcome.end.code !== 0 ? CHILD_FAILED : 0;
    } catch (thrown) {
      if (signals.interrupted.aborted) return refuse(io, 'Lock acquisition failed: interrupted');
      return thrown instanceof LockConflict
        ? refuse(io, `Lock acquisition failed: ${messageOf(thrown)}`)
        : failure(io, 'Error!', thrown);
    } finally {
      signals.close();
      await session?.close();
    }
  },
});

const acquire = (wish: LockWish): Promise<Hold | undefined> =>
  wish.limit === 1 ? acquireMutex(wish) : acquireSemaphore(wish);

interface Held {
  readonly hold: Hold;
  readonly session: LockSession;
  readonly signals: ForwardedSignals;
  readonly retries: number;
}

interface Outcome {
  readonly end: ChildEnd;
  readonly lostBecause?: string;
}

/** Runs the command to its end and gives the lock back, also when it cannot be started. When the lock is lost the command is ended. */
async function runHolding(start: () => RunningChild, { hold, session, signals, retries }: Held): Promise<Outcome> {
  const done = new AbortController();
  try {
    const running = start();
    signals.sendTo(running);
    const lost = Promise.race([watchForLoss(hold, retries, done.signal), whenAborted(session.lost)]);
    const first = await Promise.race([running.ended, lost]);
    if (typeof first !== 'object')
      return { end: await running.terminate(), lostBecause: first ?? 'it cannot be watched any more' };
    await hold.release();
    return { end: first };
  } catch (thrown) {
    await hold.release().catch(() => undefined);
    throw thrown;
  } finally {
    done.abort();
  }
}

function whenAborted(signal: AbortSignal): Promise<string> {
  const reason = 'its session has ended';
  if (signal.aborted) return Promise.resolve(reason);
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(reason), { once: true }));
}
