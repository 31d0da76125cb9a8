import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { type Backend, createMemoryBackend } from '../../../src/state/index.js';
import { createEmbeddedBackend } from '../../../src/state/backend/embedded/index.js';
import { HostileEngine } from '../support/hostile-backend.js';
import { seededRandom } from '../support/seeded-random.js';
import { describeBackend } from './suite.js';

const opened = async (backend: Backend): Promise<Backend> => {
  await backend.open();
  return backend;
};

describeBackend('memory', { open: () => opened(createMemoryBackend()) });

const paths = new WeakMap<Backend, string>();
const embedded = async (path: string, minimumLogBytes: number | undefined): Promise<Backend> => {
  const backend = await opened(createEmbeddedBackend({ path, ...(minimumLogBytes && { minimumLogBytes }) }));
  paths.set(backend, path);
  return backend;
};

for (const [name, minimumLogBytes] of [
  ['embedded', undefined],
  ['embedded, a snapshot after the other', 1],
] as const)
  describeBackend(name, {
    open: () => {
      const path = mkdtempSync(join(tmpdir(), 'meshwright-state-'));
      onTestFinished(() => rmSync(path, { recursive: true, force: true }));
      return embedded(path, minimumLogBytes);
    },
    reopen: async (previous) => {
      await previous.close();
      return embedded(paths.get(previous) as string, minimumLogBytes);
    },
  });

const engines = new WeakMap<Backend, HostileEngine>();
const hostile = (engine: HostileEngine): Backend => {
  const backend = engine.connect();
  engines.set(backend, engine);
  return backend;
};

describeBackend('hostile', {
  open: () => opened(hostile(new HostileEngine({ random: seededRandom(7), brokenWatch: 0.1, strangers: 0.3 }))),
  reopen: (previous) => opened(hostile(engines.get(previous) as HostileEngine)),
  compact: (backend) => engines.get(backend)?.compact(),
});
