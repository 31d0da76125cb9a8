import { systemClock } from '../../../src/core/index.js';
import { createEtcdBackend } from '../../../src/state/backend/etcd/index.js';
import { type Backend, createStateStore, type StateStore } from '../../../src/state/index.js';
import type { RunningEtcd } from '../../support/etcd/index.js';

export const PREFIX = 'bench';

/** The engine of one server. */
export function engine(etcd: RunningEtcd, name: string): Backend {
  const connection = { endpoints: etcd.endpoints };
  return createEtcdBackend({ connection, prefix: PREFIX, server: name, allowOldEtcd: true });
}

/** A server's store, loaded. */
export async function openStore(backend: Backend): Promise<StateStore> {
  const store = createStateStore({ backend, clock: systemClock });
  await store.ready;
  return store;
}

/** The engine, with some of its methods in the place of its own. */
export function instead(backend: Backend, methods: Partial<Backend>): Backend {
  return new Proxy(backend, {
    get(target, name) {
      const own: unknown = Reflect.get(methods, name);
      if (own !== undefined) return own;
      const value: unknown = Reflect.get(target, name, target);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
}

/** The value at a share of the sorted values. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((left, right) => left - right);
  return sorted[Math.floor((sorted.length - 1) * share)] ?? Number.NaN;
}
