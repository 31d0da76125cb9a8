import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { systemClock } from '../../../src/core/index.js';
import {
  type Backend,
  type StateStore,
  type StateStoreOptions,
  createMemoryBackend,
  createStateStore,
} from '../../../src/state/index.js';
import { createEmbeddedBackend } from '../../../src/state/backend/embedded/index.js';
import { HostileEngine } from './hostile-backend.js';
import { seededRandom } from './seeded-random.js';

/** A folder that is removed when the test ends. */
export function temporaryFolder(): string {
  const path = mkdtempSync(join(tmpdir(), 'meshwright-state-'));
  onTestFinished(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

/** The three engines: one that forgets, one that is durable, one that behaves like a distributed one on a bad day. */
export const engines: Readonly<Record<string, () => Backend>> = {
  memory: createMemoryBackend,
  embedded: () => createEmbeddedBackend({ path: temporaryFolder() }),
  hostile: () =>
    new HostileEngine({ random: seededRandom(11), brokenWatch: 0.05, compaction: 0.05, strangers: 0.3 }).connect(),
};

/** A loaded store that is closed when the test ends. */
export async function openStore(backend: Backend, options: Partial<StateStoreOptions> = {}): Promise<StateStore> {
  const store = createStateStore({ backend, clock: systemClock, ...options });
  onTestFinished(() => store.close());
  await store.ready;
  return store;
}

/** The same engine for one more store, which does not close it. */
export function sharedBackend(backend: Backend): Backend {
  return {
    name: backend.name,
    open: () => Promise.resolve(),
    list: () => backend.list(),
    commit: (transaction) => backend.commit(transaction),
    watch: (afterRevision, onEvent) => backend.watch(afterRevision, onEvent),
    barrier: () => backend.barrier(),
    close: () => Promise.resolve(),
  };
}
