import { hostname } from 'node:os';
import { backupName, keepBackups, openPlace, takeBackup, type TakenBackup } from '../../backup/index.js';
import { systemClock } from '../../core/clock.js';
import { messageOf } from '../failure.js';
import type { AgentClient } from '../http/agent-client.js';
import { AgentError } from '../http/agent-error.js';
import type { CliIo } from '../io.js';
import { openLockSession } from '../lock/lock-session.js';
import { watchForLoss } from '../lock/monitor.js';
import { acquireKey } from '../lock/mutex.js';
import { pause } from '../pause.js';
import type { SnapshotAgentPlan } from './agent-plan.js';
import { type AgentPresence, announce } from './agent-presence.js';

export interface SnapshotAgentRun {
  readonly plan: SnapshotAgentPlan;
  readonly agent: AgentClient;
  readonly io: CliIo;
  readonly signal: AbortSignal;
}

/** Who cannot work tries again after this. */
const AGAIN_MS = 5000;
const MONITOR_RETRIES = 3;

/** Saves one snapshot; resolves to the exit code. */
export async function saveOnce(run: SnapshotAgentRun): Promise<number> {
  const { plan, io } = run;
  try {
    const place = placeOf(run);
    say(io, await takeBackup({ ...plan, place, source: sourceOf(run), name: backupName(systemClock.now()) }));
    return 0;
  } catch (thrown) {
    io.err(`Error saving snapshot: ${messageOf(thrown)}\n`);
    return 1;
  }
}

/** Competes for the lock, and saves while it is held, until the signal aborts. */
export async function keepSaving(run: SnapshotAgentRun): Promise<void> {
  const { plan, agent, io, signal } = run;
  io.out('Snapshot agent running\n');
  const presence =
    plan.service === ''
      ? undefined
      : announce({
          ...plan,
          agent,
          id: `${plan.service}:${hostname()}:${process.pid}`,
          warn: (sentence) => io.err(`Warning: ${sentence}\n`),
        });
  try {
    while (!signal.aborted) {
      try {
        await holdTheLock(run, presence);
      } catch (thrown) {
        if (!signal.aborted) io.err(`Error: ${messageOf(thrown)}\n`);
      }
      await pause(AGAIN_MS, signal);
    }
  } finally {
    await presence?.close();
  }
}

/** One time of holding the lock; throws when it cannot be asked for. */
async function holdTheLock(run: SnapshotAgentRun, presence: AgentPresence | undefined): Promise<void> {
  const { plan, agent, io } = run;
  const session = await openLockSession(agent, { name: 'Consul snapshot agent', behavior: 'release' });
  const ended = new AbortController();
  const end = (): void => ended.abort();
  for (const one of [run.signal, session.lost]) one.addEventListener('abort', end, { once: true });
  const { signal } = ended;
  try {
    io.out('Waiting to obtain leadership...\n');
    const untilMs = Number.POSITIVE_INFINITY;
    const hold = await acquireKey({ agent, session, prefix: '', limit: 1, untilMs, signal }, plan.lockKey);
    if (hold === undefined) return;
    io.out('Obtained leadership\n');
    await presence?.lead(true);
    void watchForLoss(hold, MONITOR_RETRIES, signal).then(end);
    const stop = keepBackups({
      ...plan,
      clock: systemClock,
      place: placeOf(run),
      source: sourceOf(run),
      onTaken: (backup) => say(io, backup),
      onFailure(message, failuresInRow) {
        io.err(`Error saving snapshot: ${message}\n`);
        if (failuresInRow >= plan.maxFailures) end();
      },
      onState: ({ newest, failure }) =>
        void (failure
          ? presence?.tell('critical', failure.message)
          : newest && presence?.tell('passing', `The newest is ${newest.name}`)),
    });
    await aborted(signal);
    await stop();
    io.out('Gave up leadership\n');
    await presence?.lead(false);
    await hold.release().catch(() => undefined);
  } finally {
    end();
    run.signal.removeEventListener('abort', end);
    await session.close();
  }
}

const placeOf = ({ plan, io, signal }: SnapshotAgentRun) =>
  openPlace(plan.storage, { env: io.env, clock: systemClock, scratchFolder: plan.scratchFolder, signal });

const sourceOf =
  ({ agent, plan }: SnapshotAgentRun) =>
  async () => {
    const answer = await agent.open({ path: '/v1/snapshot', ...(plan.stale ? { query: { stale: true } } : {}) });
    if (answer.status !== 200) throw AgentError.fromAnswer(answer.status, (await answer.whole()).toString());
    return answer.body;
  };

function say(io: CliIo, { name, meta, removed, removalProblem }: TakenBackup): void {
  const gone = removed.length === 0 ? '' : `, removed ${removed.length} older`;
  io.out(`Saved and verified ${name} to index ${meta.index}${gone}\n`);
  if (removalProblem !== undefined) io.err(`Warning: older snapshots cannot be removed: ${removalProblem}\n`);
}

function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
}
