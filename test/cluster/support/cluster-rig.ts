import { type Coordinate, systemClock } from '../../../src/core/index.js';
import {
  type ClusterKeys,
  type ClusterSecrets,
  deriveClusterSecrets,
  issueCredentials,
  joinTokenOf,
} from '../../../src/cluster/credentials/index.js';
import {
  type AgentRegistry,
  allowedNetworks,
  type ClusterServer,
  createServerLink,
  openClusterServer,
  type RenewedCredentials,
  type ServerLink,
  type ServerLinkParts,
  systemResolve,
  trustOfFiles,
  trustOfKeys,
  type ClusterTrust,
} from '../../../src/cluster/index.js';
import { factsOf } from './facts.js';

export { factsOf };

export const KEY = Buffer.alloc(32, 7).toString('base64');
export const secrets = deriveClusterSecrets(KEY);
export const otherSecrets = deriveClusterSecrets(Buffer.alloc(32, 8).toString('base64'));

/** Keys that never change. */
export const onlyKey = (key: ClusterSecrets): ClusterKeys => ({ all: () => [key], onChange: () => () => undefined });

const closers: (() => unknown)[] = [];

/** Ends all that a test has opened. */
export async function closeAll(): Promise<void> {
  for (const close of closers.splice(0).reverse()) await close();
}

/** What agents did, in order: `alive web`, `gone web`, `left web`. */
export interface RecordedRegistry extends AgentRegistry {
  readonly seen: string[];
  problem: string | undefined;
}

export function recordedRegistry(): RecordedRegistry {
  const seen: string[] = [];
  return {
    seen,
    problem: undefined,
    conflict() {
      return this.problem;
    },
    alive: ({ nodeName }) => seen.push(`alive ${nodeName}`),
    gone: ({ nodeName }) => seen.push(`gone ${nodeName}`),
    left: async ({ nodeName }) => {
      await Promise.resolve();
      seen.push(`left ${nodeName}`);
    },
  };
}

/** A state that a test replaces by another. */
export class ReplacedState {
  epoch: string;
  readonly #listeners = new Set<() => void>();

  constructor(epoch = '/0') {
    this.epoch = epoch;
  }

  onRestored(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  replaceBy(epoch: string): void {
    this.epoch = epoch;
    for (const listener of this.#listeners) listener();
  }
}

export const logger = { debug() {}, info() {}, warn() {}, error() {} };

/** A door on a free port of loopback, with a registry that notes and an API that echoes. */
export async function openServer(
  name: string,
  {
    given = secrets,
    datacenter = 'dc1',
    id = `id-${name}`,
    serves = true,
    place,
    maxConnections = 0,
    networks = [],
    store = new ReplacedState(),
    trust = trustOfKeys(onlyKey(given), { datacenter, node: name, names: [] }, systemClock),
  }: Partial<{
    given: ClusterSecrets;
    datacenter: string;
    id: string;
    serves: boolean;
    place: Coordinate;
    maxConnections: number;
    networks: readonly string[];
    store: ReplacedState;
    trust: ClusterTrust;
  }> = {},
): Promise<{
  server: ClusterServer;
  registry: RecordedRegistry;
  address: string;
  /** Requests of the HTTP API, in order. */
  asked: readonly string[];
  close: () => Promise<void>;
}> {
  const asked: string[] = [];
  const registry = recordedRegistry();
  const server = await openClusterServer(
    {
      trust,
      self: { id, name, version: '1.21.4', datacenter },
      advertiseHost: (port) => `127.0.0.1:${port}`,
      expect: 0,
      handshakeTimeoutMs: 1000,
      maxConnectionsPerClient: () => maxConnections,
      allows: allowedNetworks(networks),
      clock: systemClock,
      resolve: systemResolve,
      logger,
    },
    async (door) => (await door.listen('127.0.0.1', 0)).port,
  );
  let isOpen = true;
  const close = async (): Promise<void> => {
    if (isOpen) await server.close();
    isOpen = false;
  };
  closers.push(close);
  if (serves)
    server.serve({
      registry,
      store,
      http: (request, response, from) => {
        asked.push(`${request.method} ${request.url}`);
        if (request.url === '/unanswered') return;
        response.setHeader('X-From', `${from.role} ${from.node}`);
        request.pipe(response);
        if (request.method === 'GET') response.end(`${name} ${request.url ?? ''}`);
      },
      ...(place && { place: () => place }),
      dns: (message) => Promise.resolve(Buffer.concat([Buffer.from(name), message])),
    });
  return { server, registry, address: `127.0.0.1:${server.port}`, asked, close };
}

/** Certificates as an operator's files hold them: of one authority, a server's with the server name. */
export function filesOf(role: 'server' | 'client'): RenewedCredentials {
  const names = role === 'server' ? ['server.dc1.consul', 'localhost'] : ['client.dc1.consul'];
  const current = issueCredentials(otherSecrets.authority, { uri: `x:${role}`, names }, Date.now());
  return { current: () => current, onChange: () => () => undefined, close: () => undefined };
}

export const trustInFiles = (role: 'server' | 'client'): ClusterTrust =>
  trustOfFiles(filesOf(role), { datacenter: 'dc1', domain: 'consul', tls: {} });

/** A link of a client agent. */
export function openLink(
  nodeName: string,
  addresses: readonly string[],
  parts: Partial<ServerLinkParts> = {},
): ServerLink {
  const link = createServerLink({
    facts: factsOf(nodeName),
    join: { addresses, intervalMs: 100, max: 0 },
    admission: { token: joinTokenOf(secrets) },
    clock: systemClock,
    random: Math.random,
    resolve: systemResolve,
    logger,
    onGiveUp: () => undefined,
    ...parts,
  });
  closers.push(() => link.close());
  return link;
}
