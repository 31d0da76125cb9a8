import { randomUUID } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import type { AgentConfig } from '../agent/config/index.js';
import { createAgentTokens, createLocalAgent, type LocalAgent, type NodeFacts, registerSelf } from '../agent/index.js';
import { createCertificateAuthority } from '../ca/index.js';
import { AppError, systemClock } from '../core/index.js';
import { type EntryGuard, writeConfigEntry } from '../discovery/config/index.js';
import { setDefaultIntentionPolicy } from '../discovery/intentions/index.js';
import { createCoordinateWriter } from '../discovery/coordinates/index.js';
import { createEntryGuard } from '../discovery/proxies/index.js';
import { createEventLog } from '../discovery/events/index.js';
import { keepSessions } from '../discovery/sessions/index.js';
import { type DnsSettings, createDnsServer } from '../edges/dns/index.js';
import { type AgentControl, createHttpServer, type HttpConfig } from '../edges/http/index.js';
import { configEntryKey, decodeConfigEntry, nodeKey } from '../model/index.js';
import { createStateStore, type StateStore } from '../state/index.js';
import { createMetrics, type Logger, type Logging, type LogLevel, watchProcess } from '../telemetry/index.js';
import { loadEnvoyApi } from '../xds/envoy-api/index.js';
import { proxyNeedsCell, proxyNeedsKey, proxylessResourceKey, resourceCell } from '../xds/resources/index.js';
import { createXdsServer, type ServerCertificateProvider, type XdsServer } from '../xds/server/index.js';
import { connectedProxies } from './connected-proxies.js';
import { findProxy } from './find-proxy.js';
import { readGauges } from './gauges.js';
import { startHousekeeping } from './housekeeping.js';
import { httpConfigOf } from './http-config.js';
import { nodeIdentity } from './node-identity.js';
import { createBackend } from './open-backend.js';
import { singleServer } from './single-server.js';
import { metricsOptionsOf } from './metrics-options.js';
import { openClientDoors, openXdsDoors, type Ports } from './open-doors.js';
import { restartOnly, withoutRestart } from './restart-only.js';
import { createDoorCertificates } from './tls-door.js';
import { createFileCertificates, type FileCertificates } from './tls-files.js';
import { API_VERSION } from './versions.js';

export interface RunningServer {
  /** The real ports, also where 0 was asked for. -1 = closed. */
  readonly ports: AgentConfig['ports'];
  readonly store: StateStore;
  readonly agent: LocalAgent;
  /** Resolves when the xDS doors are open and proxies are served. */
  readonly serving: Promise<void>;
  /** Takes in what a reload may change. AppError('invalidArgument') when it cannot be used; then nothing changes. */
  reconfigure(config: AgentConfig): Promise<void>;
  stop(): Promise<void>;
}

/**
 * Builds one control plane from its parts and opens its doors: HTTP first, so that clients are answered at once; the Envoy API
 * and the root certificate come up behind it. Throws AppError('portTaken' | 'corruptState' …).
 */
export async function startServer(
  config: AgentConfig,
  { logger, setLevel, watch }: Logging,
  control: AgentControl,
): Promise<RunningServer> {
  /** What a reload gave last; ports, addresses and the like are those of the start. */
  let current = config;
  const clock = systemClock;
  const nodeId = nodeIdentity(config.nodeId, config.dataDir);
  const onProblem = (error: AppError): void => logger.error({ room: 'state' }, error.message);
  const store = createStateStore({
    backend: await createBackend(config, { nodeId, clock, onProblem }),
    clock,
    random: Math.random,
    verifyEveryMs: config.state.verifyIntervalMs,
    onProblem,
  });
  await store.ready;
  const ca = createCertificateAuthority(store, clock, {
    ...(config.ca.clusterId === '' ? {} : { clusterId: config.ca.clusterId }),
    leafTtlMs: config.ca.leafTtlMs,
    rootTtlMs: config.ca.rootTtlMs,
    intermediateTtlMs: config.ca.intermediateTtlMs,
    given: config.ca.given,
    key: { type: config.ca.keyType, bits: config.ca.keyBits },
    datacenter: config.datacenter,
  });
  const facts: NodeFacts = {
    node: config.nodeName,
    id: nodeId,
    address: config.advertiseAddress,
    datacenter: config.datacenter,
    taggedAddresses: config.taggedAddresses,
    get meta() {
      return { 'consul-network-segment': '', 'consul-version': API_VERSION, ...current.nodeMeta };
    },
    ...(config.locality ? { locality: config.locality } : {}),
  };
  const agent = createLocalAgent({
    store,
    clock,
    random: Math.random,
    facts,
    sidecarPorts: { from: config.ports.sidecarMin, to: config.ports.sidecarMax },
    exposePorts: { from: config.ports.exposeMin, to: config.ports.exposeMax },
    checkOutputMaxSize: config.checkOutputMaxSize,
    discardCheckOutput: config.discardCheckOutput,
    commandChecks: config.scriptChecks.remote ? 'everywhere' : config.scriptChecks.local ? 'files' : 'nowhere',
    checkUpdateIntervalMs: config.checkUpdateIntervalMs,
    ...(config.dataDir === '' ? {} : { dataDir: config.dataDir }),
    logger: logger.child({ room: 'agent' }),
  });
  const xds = createXdsServer({
    store,
    ca,
    needsCell: proxyNeedsCell,
    proxyNeedsKey,
    resourceCell,
    findProxy: (nodeName, proxyId) => findProxy(store.view, config.nodeName, nodeName, proxyId),
    onDemand: (identity, client, type, name) =>
      isGrpcLibrary(client.userAgent) ? proxylessResourceKey(store.view, identity, type, name) : undefined,
    clock,
    logger: logger.child({ room: 'xds' }),
    options: { allowPlaintextSecrets: config.allowPlaintextSecrets },
  });
  const ports: Ports = { ...config.ports };
  const figures = watchProcess(config.telemetry.enableHostMetrics);
  const metrics = createMetrics(
    () => ({ ...readGauges(store, xds, dns.counters, sessions), ...figures.gauges() }),
    clock.now,
    metricsOptionsOf(config.telemetry, (message) => logger.warn({ room: 'telemetry' }, message)),
  );
  const tokens = createAgentTokens(config.aclTokens, config.dataDir, (message) =>
    logger.warn({ room: 'acl' }, message),
  );
  let dnsSettings = dnsSettingsOf(config);
  const dns = createDnsServer({
    store,
    settings: () => dnsSettings,
    clock,
    random: Math.random,
    logger: logger.child({ room: 'dns' }),
    observe: (kind, durationMs) => metrics.observeDnsQuery(kind, durationMs),
  });
  const coordinates = createCoordinateWriter(store, clock, (message) => logger.warn({ room: 'coordinates' }, message));
  const startedAtMs = clock.now();
  const warn = (message: string): void => logger.warn({ room: 'state' }, message);
  const receiver = { node: config.nodeName, services: () => agent.services.values() };
  const events = createEventLog({ receiver, clock, makeId: randomUUID });
  const shared = config.state.backend === 'etcd';
  const sessions = keepSessions({ store, clock, nextTurn, warn, shared });
  const httpConfig = (): HttpConfig => httpConfigOf(current, nodeId, ports);
  const http = createHttpServer(
    {
      store,
      agent,
      ca,
      sessions,
      events,
      propagation: xds.propagation,
      servers: () => [singleServer(httpConfig(), store.index, startedAtMs)],
      coordinates,
      config: httpConfig,
      control,
      tokens,
      watchLog: watch,
      metrics,
      ...(config.connectEnabled ? { entryGuard: guardOf(store, xds) } : {}),
      clock,
      logger: logger.child({ room: 'http' }),
    },
    { maxHeaderBytes: config.http.maxHeaderBytes },
  );
  const certificates = doorCertificates(config, store, ca);
  const closers: (() => Promise<void> | void)[] = [
    () => store.close(),
    () => ca.close(),
    () => agent.close(),
    () => coordinates.close(),
    () => http.close(),
    () => xds.close(),
    () => dns.close(),
    () => metrics.close(),
    () => figures.close(),
    () => certificates.close(),
  ];
  closers.push(
    startHousekeeping(store, clock, warn),
    () => sessions.close(),
    () => events.close(),
  );
  const stop = async (): Promise<void> => {
    for (const close of closers.splice(0).reverse()) await close();
  };
  try {
    const tlsNeedsRoot = ports.https >= 0 && config.tls.https.certFile === '';
    if (tlsNeedsRoot) await ca.ready;
    await openClientDoors(config, ports, { http, dns, httpsCertificates: () => certificates.of('https'), logger });
    const serving = serve(config, ports, { store, ca, agent, xds, facts, logger, certificates });
    serving.catch(() => undefined);
    return {
      ports,
      store,
      agent,
      serving,
      stop,
      async reconfigure(next) {
        certificates.reload(next);
        const metaChanged = !isDeepStrictEqual(next.nodeMeta, current.nodeMeta);
        const needRestart = restartOnly(config, next);
        current = withoutRestart(config, next);
        setLevel(next.log.level as LogLevel);
        dnsSettings = dnsSettingsOf({ ...config, dns: next.dns });
        tokens.configure(next.aclTokens);
        if (metaChanged) await registerSelf(store, facts, config.ports.server, serverMeta(config));
        await agent.configure(next);
        if (needRestart.length > 0)
          logger.warn(
            { options: needRestart.join(', ') },
            'options have changed that take effect at the next start only',
          );
      },
    };
  } catch (thrown) {
    await stop();
    throw thrown;
  }
}

const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** Entries are looked at with the eyes of the proxies that are registered and connected. */
function guardOf(store: StateStore, { propagation }: XdsServer): EntryGuard {
  return createEntryGuard({ store, connected: () => connectedProxies(propagation), nextTurn });
}

const dnsSettingsOf = ({ dns, nodeName, datacenter }: AgentConfig): DnsSettings => ({ ...dns, nodeName, datacenter });

/** Clients that speak xDS themselves call themselves `gRPC <language> …`. */
const isGrpcLibrary = (userAgent: string): boolean => /^grpc/i.test(userAgent);

interface Parts {
  readonly store: StateStore;
  readonly ca: ReturnType<typeof createCertificateAuthority>;
  readonly agent: ReturnType<typeof createLocalAgent>;
  readonly xds: XdsServer;
  readonly facts: NodeFacts;
  readonly logger: Logger;
  readonly certificates: ReturnType<typeof doorCertificates>;
}

/** What happens behind the open HTTP door: self-registration, root, local services, then xDS. */
async function serve(config: AgentConfig, ports: Ports, parts: Parts): Promise<void> {
  const { store, ca, agent, xds, facts, logger, certificates } = parts;
  await setDefaultIntentionPolicy(store, config.defaultIntentionPolicy);
  // As Consul does at a first start: the bare node, then what the agent knows about it. Clients see two steps of the index.
  const isKnown = store.view.get('nodes', nodeKey(facts.node)) !== undefined;
  const self = isKnown ? facts : { ...facts, taggedAddresses: {}, meta: {} };
  await registerSelf(store, self, config.ports.server, serverMeta(config));
  store.onRestored(() => {
    registerSelf(store, facts, config.ports.server, serverMeta(config)).catch((thrown: unknown) =>
      logger.error({ room: 'state' }, `this server is not in the restored state: ${AppError.from(thrown).message}`),
    );
  });
  await agent.start();
  await agent.configure(config);
  if (config.connectEnabled) await ca.ready;
  await writeBootstrapEntries(store, config);
  if (!config.connectEnabled) return;
  loadEnvoyApi();
  await openXdsDoors(config, ports, { xds, certificates: () => certificates.of('grpc'), logger });
}

/** The certificates of the TLS ports, made when a port opens. */
function doorCertificates(config: AgentConfig, store: StateStore, ca: ReturnType<typeof createCertificateAuthority>) {
  const opened = new Map<'https' | 'grpc', FileCertificates>();
  const names = ['localhost', `server.${config.datacenter}.consul`, '127.0.0.1', config.advertiseAddress];
  let own: ReturnType<typeof createDoorCertificates> | undefined;
  const issued: ServerCertificateProvider & { close(): void } = {
    current: () => (own ??= createDoorCertificates(store, ca, systemClock, [...new Set(names)])).current(),
    onChange: (listener) =>
      (own ??= createDoorCertificates(store, ca, systemClock, [...new Set(names)])).onChange(listener),
    close: () => own?.close(),
  };
  return {
    of(door: 'https' | 'grpc'): FileCertificates {
      const made = opened.get(door) ?? createFileCertificates(`tls.${door}`, config.tls[door], issued);
      opened.set(door, made);
      return made;
    },
    reload(next: AgentConfig): void {
      for (const [door, made] of opened) made.reload(next.tls[door]);
    },
    close: () => issued.close(),
  };
}

function serverMeta(config: AgentConfig): Readonly<Record<string, string>> {
  return {
    grpc_port: String(config.ports.grpc),
    grpc_tls_port: String(config.ports.grpcTls),
    non_voter: 'false',
    raft_version: '3',
    read_replica: 'false',
    serf_protocol_current: '2',
    serf_protocol_max: '5',
    serf_protocol_min: '1',
    version: API_VERSION,
  };
}

/** Entries of the configuration are written only where there is none of that kind and name (consul-behaviour 2.1). */
async function writeBootstrapEntries(store: StateStore, config: AgentConfig): Promise<void> {
  for (const body of config.bootstrapEntries) {
    const entry = decodeConfigEntry(body, { hclBlocks: true });
    if (store.view.get('config-entries', configEntryKey(entry.kind, entry.name))) continue;
    try {
      await writeConfigEntry(store, entry, { cas: 0 });
    } catch (thrown) {
      const { code, message } = AppError.from(thrown);
      throw new AppError(code, `config_entries.bootstrap, ${entry.kind} "${entry.name}": ${message}`, {
        cause: thrown,
      });
    }
  }
}
