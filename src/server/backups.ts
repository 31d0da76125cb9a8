import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { AgentConfig } from '../agent/config/index.js';
import { type BackupState, keepBackups, openPlace, shownStorage } from '../backup/index.js';
import type { Duties } from '../cluster/index.js';
import type { Clock } from '../core/index.js';
import { takeSnapshot } from '../discovery/snapshots/index.js';
import type { BackupReport } from '../edges/http/index.js';
import type { LiveArea, StateStore } from '../state/index.js';
import type { Logger } from '../telemetry/index.js';

const DUTY = 'backup';
/** Who has the duty says here what has become of the backups, for all servers to tell. */
const LIVE = 'backup/';

export interface BackupsOptions {
  readonly config: AgentConfig;
  readonly store: StateStore;
  readonly live: LiveArea;
  readonly duties: Duties;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Resolves when the state has what this server puts there at its start: before, a backup were of little use. */
  readonly serving: Promise<void>;
}

/** The backups of the servers. */
export interface Backups {
  /** As the server that takes them says. */
  report(): BackupReport;
  /** What this server has done; empty while another one has the duty. */
  gauges(): Readonly<Record<string, number>>;
  close(): Promise<void>;
}

/**
 * Takes backups as configured (`backup`), while this server has the duty to. What fails is logged, counted and told, and harms
 * nothing else. Undefined where none are configured.
 */
export function startBackups(options: BackupsOptions): Backups | undefined {
  const { config, store, live, duties, clock, logger, serving } = options;
  const { backup, nodeName, datacenter } = config;
  if (!backup) return undefined;
  const told = new Map<string, BackupState & { readonly server: string }>();
  let own: BackupState | undefined;
  let ended: Promise<void> = Promise.resolve();
  const stopWatching = live.watch((change) => {
    if (change.type === 'gone') told.delete(change.key);
    else
      for (const { key, value } of change.type === 'all' ? change.entries : [change.entry])
        if (key.startsWith(LIVE))
          told.set(key, { server: key.slice(LIVE.length), ...(JSON.parse(value) as BackupState) });
  });
  const begin = () => {
    const closing = new AbortController();
    const { signal } = closing;
    const scratchFolder = config.dataDir === '' ? tmpdir() : join(config.dataDir, 'backup');
    const place = openPlace(backup.storage, { env: process.env, clock, scratchFolder, signal });
    own = { taken: 0, failures: 0 };
    let stop = async (): Promise<void> => undefined;
    const keep = () =>
      keepBackups({
        place,
        ...backup,
        clock,
        async source() {
          await store.barrier();
          return takeSnapshot(store, { node: nodeName, datacenter }, clock).file;
        },
        onTaken: ({ name, meta, sizeBytes, removed, removalProblem }) => {
          logger.info(
            { backup: name, place: place.shown, index: meta.index, sizeBytes, removed },
            'a backup was taken',
          );
          if (removalProblem !== undefined) logger.warn({}, `older backups cannot be removed: ${removalProblem}`);
        },
        onFailure: (message, failuresInRow) =>
          logger.error({ place: place.shown, failuresInRow }, `no backup could be taken: ${message}`),
        onState(state) {
          own = state;
          live.put(LIVE + nodeName, JSON.stringify(state)).catch(() => undefined);
        },
      });
    serving.then(
      () => {
        if (!signal.aborted) stop = keep();
      },
      () => undefined,
    );
    return () => {
      own = undefined;
      closing.abort();
      ended = stop();
      live.remove(LIVE + nodeName).catch(() => undefined);
    };
  };
  const giveUp = duties.take(DUTY, begin);
  return {
    report() {
      const holder = duties.holders().find(({ duty }) => duty === DUTY)?.server;
      const states = [...told.values()];
      const state = states.find(({ server }) => server === holder) ?? states[0];
      const { storage, intervalMs, retain } = backup;
      return { place: shownStorage(storage), intervalMs, retain, server: holder ?? state?.server ?? '', ...state };
    },
    gauges: () => (own ? gaugesOf(own, clock.now()) : {}),
    async close() {
      giveUp();
      stopWatching();
      await ended;
    },
  };
}

function gaugesOf({ newest, failure, taken, failures }: BackupState, nowMs: number): Record<string, number> {
  return {
    'meshwright.backup.taken': taken,
    'meshwright.backup.failures': failures,
    'meshwright.backup.failing': failure ? 1 : 0,
    ...(newest && {
      'meshwright.backup.age_seconds': Math.max(0, Math.round((nowMs - newest.atMs) / 1000)),
      'meshwright.backup.size_bytes': newest.sizeBytes,
    }),
  };
}
