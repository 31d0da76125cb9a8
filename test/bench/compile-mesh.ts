import { join } from 'node:path';
import { bundle } from '../../scripts/lib/bundle.mjs';
import type * as Core from '../../src/core/index.js';
import type * as Model from '../../src/model/index.js';
import type * as State from '../../src/state/index.js';
import type * as Resources from '../../src/xds/resources/index.js';
import { here } from './child.js';

/** The mesh of `--only compile`: one sidecar with 20 http upstreams, each with a router, a splitter and subsets. */

export type Store = State.StateStore;

/** Rooms as the program has them: what tsx makes of the sources is slower. */
const folder = here('../../.cache/bench');
const rooms = { core: 'core/index', model: 'model/index', resources: 'xds/resources/index', state: 'state/index' };
await bundle(here('../..'), rooms, folder);
const built = <Module>(room: keyof typeof rooms): Promise<Module> =>
  import(join(folder, `${room}.js`)) as Promise<Module>;
export const resources = await built<typeof Resources>('resources');
const { configEntryHash, decodeConfigEntry } = await built<typeof Model>('model');
const { createMemoryBackend, createStateStore } = await built<typeof State>('state');
const { systemClock } = await built<typeof Core>('core');

export const COMPILED_UPSTREAMS = 20;
const INSTANCES = 10;
export const PROXY = { node: 'edge', proxyId: 'web-sidecar-proxy' } as const;

const put = (transaction: State.Transaction, body: Readonly<Record<string, unknown>>): void => {
  const entry = decodeConfigEntry(body);
  transaction.put('config-entries', { entry, hash: configEntryHash(entry) });
};

const instance = (node: string, id: string, destination: string, address: string, more: object) => ({
  ...{ node, kind: 'connect-proxy' as const, id, service: `${destination}-sidecar-proxy`, tags: [], address },
  ...{ port: 21_000, socketPath: '', taggedAddresses: {}, meta: {}, weights: { passing: 1, warning: 1 } },
  enableTagOverride: false,
  connect: { native: false },
  ...more,
});

const proxyOf = (destination: string, upstreams: readonly string[]) => ({
  ...{ destinationServiceName: destination, destinationServiceId: destination, localServiceAddress: '127.0.0.1' },
  ...{ localServicePort: 8080, localServiceSocketPath: '', mode: '' as const, mutualTlsMode: '' as const },
  ...{ meshGateway: { mode: '' as const }, expose: { checks: false, paths: [] }, config: {} },
  upstreams: upstreams.map((destinationName, position) => ({
    ...{ destinationType: 'service' as const, destinationName, destinationPeer: '', datacenter: '' },
    ...{ localBindAddress: '', localBindPort: 10_000 + position, localBindSocketPath: '', localBindSocketMode: '' },
    ...{ config: {}, meshGateway: { mode: '' as const } },
  })),
});

/** Weights of an upstream's splitter. */
export function putSplit(transaction: State.Transaction, name: string, weight: number): void {
  const Splits = [
    { Weight: weight, ServiceSubset: 'v1' },
    { Weight: 100 - weight, ServiceSubset: 'v2' },
  ];
  put(transaction, { Kind: 'service-splitter', Name: name, Splits });
}

/** An instance of an upstream; the first of them can be moved. */
export function putInstance(transaction: State.Transaction, name: string, number: number, address: string): void {
  const id = `${name}-${number}-sidecar-proxy`;
  const meta = { version: number % 2 === 0 ? 'v1' : 'v2' };
  transaction.put('services', instance(`${name}-node`, id, name, address, { meta, proxy: proxyOf(name, []) }));
}

function putUpstream(transaction: State.Transaction, name: string, position: number): void {
  const subset = (version: string) => ({ Filter: `Service.Meta.version == ${version}` });
  put(transaction, { Kind: 'service-defaults', Name: name, Protocol: 'http' });
  put(transaction, {
    Kind: 'service-resolver',
    Name: name,
    ConnectTimeout: '3s',
    Subsets: { v1: subset('v1'), v2: subset('v2') },
  });
  putSplit(transaction, name, 90);
  const Routes = [
    { Match: { HTTP: { PathPrefix: '/admin' } }, Destination: { ServiceSubset: 'v2', RequestTimeout: '5s' } },
    {
      Match: { HTTP: { PathExact: '/slow', Header: [{ Name: 'x-debug', Exact: '1' }] } },
      Destination: { ServiceSubset: 'v1', NumRetries: 3, RetryOnConnectFailure: true },
    },
    { Match: { HTTP: { PathPrefix: '/' } } },
  ];
  put(transaction, { Kind: 'service-router', Name: name, Routes });
  transaction.put('nodes', nodeOf(`${name}-node`));
  for (let number = 0; number < INSTANCES; number++)
    putInstance(transaction, name, number, `10.1.${position}.${number + 1}`);
}

const nodeOf = (node: string) => ({
  id: '',
  node,
  address: '10.0.0.1',
  datacenter: 'dc1',
  taggedAddresses: {},
  meta: {},
});

/** A store with the mesh in it. Names begin with `prefix`: no two meshes share the content of a resource by chance. */
export async function compileMesh(
  prefix: string,
): Promise<{ readonly store: Store; readonly names: readonly string[] }> {
  const store = createStateStore({ backend: createMemoryBackend(), clock: systemClock });
  await store.ready;
  const names = Array.from({ length: COMPILED_UPSTREAMS }, (_, position) => `${prefix}-${position}`);
  await store.transact('start', (transaction) => {
    const clusterId = '11111111-2222-3333-4444-555555555555';
    transaction.put('ca-config', { clusterId, provider: 'consul', leafTtlMs: 1, rootTtlMs: 1 });
    transaction.put('system', { name: 'default-intention-policy', value: 'deny' });
    put(transaction, { Kind: 'service-defaults', Name: 'web', Protocol: 'http' });
    put(transaction, { Kind: 'service-intentions', Name: 'web', Sources: [{ Name: `${prefix}-0`, Action: 'allow' }] });
    transaction.put('nodes', nodeOf(PROXY.node));
    const web = instance(PROXY.node, PROXY.proxyId, 'web', '10.0.0.1', { proxy: proxyOf('web', names) });
    transaction.put('services', web);
    names.forEach((name, position) => putUpstream(transaction, name, position));
  });
  return { store, names };
}
