import { randomUUID } from 'node:crypto';
import { createAgentTokens, createLocalAgent, createStoreCatalog } from '../../../../src/agent/index.js';
import type { CertificateAuthority } from '../../../../src/ca/index.js';
import { type Clock, systemClock } from '../../../../src/core/index.js';
import type { EntryGuard } from '../../../../src/discovery/config/index.js';
import { createEventLog } from '../../../../src/discovery/events/index.js';
import { keepSessions } from '../../../../src/discovery/sessions/index.js';
import type { KeyringControl } from '../../../../src/discovery/operator/index.js';
import type { HttpConfig, HttpDeps } from '../../../../src/edges/http/index.js';
import { allRoutes, knowledgeOf } from '../../../../src/edges/http/index.js';
import { createApp } from '../../../../src/edges/http/server.js';
import { createCoordinateWriter } from '../../../../src/discovery/coordinates/index.js';
import { singleServer } from '../../../../src/server/single-server.js';
import { type StateStore, createMemoryBackend, createStateStore } from '../../../../src/state/index.js';
import type { Propagation } from '../../../../src/xds/server/index.js';

export interface TestEdgeOptions {
  readonly config?: Partial<HttpConfig>;
  readonly clock?: Clock;
  readonly ca?: CertificateAuthority;
  /** What is not given knows of no proxies. */
  readonly propagation?: Partial<Propagation>;
  readonly keyring?: KeyringControl;
  /** Looks at config entries before they are written; without it nobody does. */
  readonly entryGuard?: (store: StateStore) => EntryGuard;
}

/** A request to the edge under test, in process. */
export interface TestRequest {
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface TestAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly text: string;
  /** The body as JSON; undefined when it is none. */
  readonly json: unknown;
}

export const testConfig: HttpConfig = {
  nodeName: 'n1',
  nodeId: 'aaaaaaaa-0000-4000-8000-000000000001',
  datacenter: 'dc1',
  primaryDatacenter: 'dc1',
  server: true,
  devMode: false,
  version: '1.21.4',
  revision: '',
  buildDate: '2026-01-01T00:00:00Z',
  advertiseAddress: '127.0.0.1',
  ports: { http: 8500, https: -1, dns: 8600, grpc: 8502, grpcTls: 8503, server: 8300, serfLan: 8301, serfWan: 8302 },
  nodeMeta: {},
  defaultAclPolicy: 'allow',
  aclEnabled: false,
  defaultIntentionPolicy: 'allow',
  supportedEnvoyVersions: ['1.40.0'],
  responseHeaders: {},
  blockEndpoints: [],
  allowWriteHttpFrom: [],
  disableCoordinates: false,
  disableUnprintableCharFilter: false,
  kvMaxValueSize: 524_288,
  txnMaxReqLen: 524_288,
  requestLimits: { mode: 'disabled', readRate: 0, writeRate: 0 },
  enableDebug: false,
  useCache: true,
  dataDir: '',
  sessionTtlMinMs: 10_000,
  maxConnectionsPerClient: 200,
  defaultQueryTimeMs: 300_000,
  maxQueryTimeMs: 600_000,
  discoveryMaxStaleMs: 0,
  bootstrapEntries: [],
  uiContentPath: '',
  debugConfig: {},
};

const noTokens = {
  enablePersistence: false,
  initialManagement: '',
  agentRecovery: '',
  default: '',
  agent: '',
  configFileServiceRegistration: '',
  dns: '',
  replication: '',
};

const noCa: CertificateAuthority = {
  ready: Promise.resolve(),
  trustDomain: 'aaaaaaaa-0000-4000-8000-000000000002.consul',
  issueLeaf: () => {
    throw new Error('no certificate authority in this test');
  },
  issueServer: () => {
    throw new Error('no certificate authority in this test');
  },
  renewalOf: () => 0,
  renewalOfClaim: () => undefined,
};

/** The dependencies of an edge over a store in memory and a local agent that runs no checks. */
export async function testDeps(options: TestEdgeOptions = {}): Promise<HttpDeps & { config: () => HttpConfig }> {
  const clock = options.clock ?? systemClock;
  const store = createStateStore({ backend: createMemoryBackend(), clock, random: () => 0 });
  await store.ready;
  const config: HttpConfig = { ...testConfig, ...options.config };
  const quiet = { debug: ignore, info: ignore, warn: ignore, error: ignore };
  const facts = {
    node: config.nodeName,
    id: config.nodeId,
    address: config.advertiseAddress,
    datacenter: config.datacenter,
    taggedAddresses: {},
    meta: {},
  };
  const agent = createLocalAgent({
    catalog: createStoreCatalog(store, facts),
    clock,
    random: () => 0,
    facts,
    sidecarPorts: { from: 21_000, to: 21_255 },
    exposePorts: { from: 21_500, to: 21_755 },
    checkOutputMaxSize: 4096,
    discardCheckOutput: false,
    commandChecks: 'nowhere',
    checkUpdateIntervalMs: 0,
    logger: quiet,
  });
  await agent.start();
  const servers = () => [singleServer(config, store.index, clock.now())];
  const nextTurn = () => new Promise<void>((resolve) => setImmediate(resolve));
  return {
    knowledge: knowledgeOf(store, config.nodeName, servers),
    store,
    agent,
    events: createEventLog({
      receiver: { node: config.nodeName, services: () => agent.services.values() },
      clock,
      makeId: randomUUID,
    }),
    sessions: keepSessions({ store, clock, nextTurn, warn: ignore }),
    clock,
    config: () => config,
    ca: options.ca ?? noCa,
    servers,
    coordinates: createCoordinateWriter(store, clock, ignore),
    propagation: {
      list: () => [],
      connected: () => [],
      get: () => undefined,
      entries: () => new Map(),
      proxiesOf: () => [],
      problems: () => [],
      ...options.propagation,
    },
    control: { reload: () => Promise.resolve(), leave: () => Promise.resolve() },
    tokens: createAgentTokens(noTokens, '', ignore),
    watchLog: () => ignore,
    metrics: { prometheus: () => Promise.resolve(''), json: () => ({}) },
    logger: quiet,
    ...(options.keyring && { keyring: options.keyring }),
    ...(options.entryGuard && { entryGuard: options.entryGuard(store) }),
  };
}

/** An edge that is asked in process: `ask('PUT /v1/kv/a', { body: 'x' })`. */
export async function testEdge(options: TestEdgeOptions = {}) {
  const deps = await testDeps(options);
  const closing = new AbortController();
  const app = createApp(deps, allRoutes, closing.signal);
  const ask = async (line: string, request: TestRequest = {}): Promise<TestAnswer> => {
    const [method = 'GET', url = '/'] = line.split(' ');
    const { body } = request;
    const payload = body === undefined ? {} : { payload: typeof body === 'string' ? body : JSON.stringify(body) };
    const answer = await app.inject({ method: method as 'GET', url, headers: { ...request.headers }, ...payload });
    const headers = Object.fromEntries(Object.entries(answer.headers).map(([name, value]) => [name, String(value)]));
    return { status: answer.statusCode, headers, text: answer.body, json: parse(answer.body) };
  };
  return {
    deps,
    ask,
    /** Asks and expects success; returns the JSON. */
    get: async (line: string): Promise<unknown> => (await ask(line)).json,
    async close() {
      closing.abort();
      await app.close();
      await deps.agent.close();
      await deps.store.close();
    },
  };
}

export type TestEdge = Awaited<ReturnType<typeof testEdge>>;

function ignore(): void {
  return undefined;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
