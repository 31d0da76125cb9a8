import { systemClock } from '../../../src/core/index.js';
import { writeConfigEntry } from '../../../src/discovery/config/index.js';
import { decodeConfigEntry } from '../../../src/model/index.js';
import { type StateStore, createMemoryBackend, createStateStore } from '../../../src/state/index.js';

/** A store in memory, loaded. */
export async function openStore(): Promise<StateStore> {
  const store = createStateStore({ backend: createMemoryBackend(), clock: systemClock });
  await store.ready;
  return store;
}

/** Writes an entry given in wire spelling. */
export async function put(store: StateStore, body: Record<string, unknown>, cas?: number): Promise<boolean> {
  const { result } = await writeConfigEntry(store, decodeConfigEntry(body), cas === undefined ? {} : { cas });
  return result;
}

export const http = { Kind: 'proxy-defaults', Name: 'global', Config: { protocol: 'http' } };

/** A service-intentions body: source -> action. */
export function intentionsBody(destination: string, rules: Readonly<Record<string, string>>): Record<string, unknown> {
  return {
    Kind: 'service-intentions',
    Name: destination,
    Sources: Object.entries(rules).map(([Name, Action]) => ({ Name, Action })),
  };
}
