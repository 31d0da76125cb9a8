import { randomUUID } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import type { AgentConfig } from '../agent/config/index.js';
import { createAgentTokens, createStoreCatalog, type NodeFacts, registerSelf } from '../agent/index.js';
import { createCertificateAuthority } from '../ca/index.js';
import { createDuties, exchangeEvents } from '../cluster/index.js';
import type { ClusterServer } from '../cluster/index.js';
import { AppError, type Clock, patiently, pauseOn, systemClock } from '../core/index.js';
import { type EntryGuard, writeConfigEntry } from '../discovery/config/index.js';
import { setDefaultIntentionPolicy } from '../discovery/intentions/index.js';
import type { ServerMember } from '../discovery/operator/index.js';
import { createCoordinateWriter } from '../discovery/coordinates/index.js';
import { createEntryGuard } from '../discovery/proxies/index.js';
import { createEventLog } from '../discovery/events/index.js';
import { keepSessions } from '../discovery/sessions/index.js';
import { type DnsSettings, createDnsServer, createSettingsReader } from '../edges/dns/index.js';
import {
  type AgentControl,
  createHttpServer,
  createRelayedListener,
  type HttpConfig,
  type HttpDeps,
  knowledgeOf,
} from '../edges/http/index.js';
import { configEntryKey, decodeConfigEntry, nodeKey } from '../model/index.js';
import { createMemoryLiveArea, type StateStore, type TakeDuty } from '../state/index.js';
import { createMetrics, type Logger, type Logging, type LogLevel, watchProcess } from '../telemetry/index.js';
import { loadEnvoyApi } from '../xds/envoy-api/index.js';
import { proxyNeedsCell, proxyNeedsKey, proxylessResourceKey, resourceCell } from '../xds/resources/index.js';
import { createXdsServer, type XdsServer } from '../xds/server/index.js';
import { startBackups } from './backups.js';
import { connectedProxies } from './connected-proxies.js';
import { findProxy } from './find-proxy.js';
import { readGauges } from './gauges.js';
import { startHousekeeping } from './housekeeping.js';
import { httpConfigOf } from './http-config.js';
import { memberGauges } from './member-gauges.js';
import { createMembership, type Membership } from './membership.js';
import { etcdGauges, membersAsServers, membersAsVoters } from './etcd-members.js';
import { openState } from './open-state.js';
import { joinServers } from './join-servers.js';
import { relayDns } from './open-cluster.js';
import { createServerPlace } from './server-place.js';
import { singleServer } from './single-server.js';
import { metricsOptionsOf } from './metrics-options.js';
import { openClientDoors, openXdsDoors, type Ports } from './open-doors.js';
import { type OwnLocalAgent, ownLocalAgent, ownNodeFacts, ownNodeId, warnOfRestart } from './own-node.js';
import type { RunningAgent } from './running-agent.js';
import { restartOnly, withoutRestart } from './restart-only.js';
import { createDoorCertificates } from './tls-door.js';
import { createPortCertificates, type PortCertificates } from './tls-files.js';
import { API_VERSION } from './versions.js';

export interface RunningServer extends RunningAgent {
  readonly store: StateStore;
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
  const nodeId = ownNodeId(config);
  const onProblem = (error: AppError): void => logger.error({ room: 'state' }, error.message);
  const { store, backend, cluster, member, external, closeState } = await openState(config, {
    nodeId,
    clock,
    logger,
    onProblem,
  });
  const warn = (message: string): void => logger.warn({ room: 'state' }, message);
  const live = backend.live ?? createMemoryLiveArea();
  const duties = createDuties({ live, store, server: config.nodeName, clock, warn });
  const ca = createCertificateAuthority(store, clock, {
    ...(config.ca.clusterId === '' ? {} : { clusterId: config.ca.clusterId }),
    leafTtlMs: config.ca.leafTtlMs,
    rootTtlMs: config.ca.rootTtlMs,
    intermediateTtlMs: config.ca.intermediateTtlMs,
    given: config.ca.given,
    key: { type: config.ca.keyType, bits: config.ca.keyBits },
    datacenter: config.datacenter,
    take: (start) => duties.take('ca', start),
  });
  const facts = ownNodeFacts(config, nodeId, () => current.nodeMeta);
  const agent = ownLocalAgent(config, {
    catalog: createStoreCatalog(store, facts),
    clock,
    facts,
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
  const ports: Ports = { ...config.ports, ...cluster?.ports };
  const figures = watchProcess(config.telemetry.enableHostMetrics);
  const metrics = createMetrics(
    () => ({
      ...readGauges(store, xds, dns.counters, sessions, duties),
      ...etcdGauges(member?.etcd.members ?? external?.members ?? []),
      ...memberGauges(membership?.keeper.list(), cluster),
      ...figures.gauges(),
      ...backups?.gauges(),
    }),
    clock.now,
    metricsOptionsOf(config.telemetry, (message) => logger.warn({ room: 'telemetry' }, message)),
  );
  const tokens = createAgentTokens(config.aclTokens, config.dataDir, (message) =>
    logger.warn({ room: 'acl' }, message),
  );
  let dnsSettings = dnsSettingsOf(config);
  const relayedSettings = createSettingsReader();
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
  const receiver = { node: config.nodeName, services: () => agent.services.values() };
  const events = createEventLog({
    receiver,
    clock,
    makeId: randomUUID,
    publish: (event) => exchange.publish(event),
  });
  const exchange = exchangeEvents({ live, server: nodeId, clock, receive: (event) => events.receive(event) });
  const shared = config.state.backend === 'etcd';
  const take: TakeDuty = (start) => duties.take('sessions', start);
  const sessions = keepSessions({ store, clock, nextTurn, warn, shared, take });
  const httpConfig = (): HttpConfig => httpConfigOf(current, nodeId, ports);
  const onStay = (): void => {
    cluster?.setDraining(false);
    agent.resumeCopying();
    const comeBack = (): Promise<void> => registerSelf(store, facts, ports.server, serverMeta(config));
    patiently(comeBack, { clock, withinMs: LONGEST_RETURN_MS, pauseMs: 1000, mends: () => !hasLeft }).catch(
      (thrown: unknown) => warn(`this server may be missing in the catalog: ${AppError.from(thrown).message}`),
    );
  };
  const membership = createMembership({ config, httpConfig, store, live, duties, cluster, onStay, clock, warn });
  let isServing = (): void => undefined;
  const backups = startBackups({
    config,
    store,
    live,
    duties,
    clock,
    logger: logger.child({ room: 'backup' }),
    serving: new Promise((resolve) => {
      isServing = resolve;
    }),
  });
  const servers = (): readonly ServerMember[] =>
    cluster && member
      ? membersAsServers(config, member.etcd.members, cluster, store)
      : (membership?.servers() ?? [singleServer(httpConfig(), store.index, startedAtMs)]);
  const keyring = membership && cluster?.controlKeys(() => membership.keeper.list());
  const httpDeps: HttpDeps = {
    knowledge: knowledgeOf(store, config.nodeName, servers),
    store,
    agent,
    ca,
    sessions,
    events,
    propagation: xds.propagation,
    servers,
    ...(membership && { members: membership.control }),
    ...(keyring && { keyring }),
    ...(external && { voters: () => membersAsVoters(external.members), serverControl: external }),
    ...(member && { serverControl: member.etcd }),
    ...(backups && { backups: backups.report }),
    coordinates,
    config: httpConfig,
    control,
    tokens,
    watchLog: watch,
    metrics,
    ...(config.connectEnabled ? { entryGuard: guardOf(store, xds) } : {}),
    clock,
    logger: logger.child({ room: 'http' }),
  };
  const http = createHttpServer(httpDeps, { maxHeaderBytes: config.http.maxHeaderBytes });
  const ownNames = ['localhost', `server.${config.datacenter}.consul`, '127.0.0.1', config.advertiseAddress];
  const ownCertificate = createDoorCertificates(store, ca, clock, [...new Set(ownNames)]);
  const certificates = createPortCertificates(config.tls, ownCertificate);
  const closing = new AbortController();
  let hasLeft = false;
  const closers: (() => Promise<void> | void)[] = [
    () => closeState(hasLeft),
    () => duties.close(),
    () => membership?.keeper.close(),
    () => backups?.close(),
    () => ca.close(),
    () => agent.close(),
    () => coordinates.close(),
    () => http.close(),
    () => xds.close(),
    () => dns.close(),
    () => metrics.close(),
    () => figures.close(),
    () => ownCertificate.close(),
    () => cluster?.close(),
    () => closing.abort(new AppError('unavailable', 'the agent is shutting down; ask again when it is back')),
  ];
  closers.push(
    startHousekeeping(store, (start) => duties.take('reaping', start), clock, warn),
    () => sessions.close(),
    () => exchange.close(),
    () => events.close(),
  );
  const stop = async (): Promise<void> => {
    for (const close of closers.splice(0).reverse()) await close();
  };
  try {
    const tlsNeedsRoot = ports.https >= 0 && config.tls.https.certFile === '';
    if (tlsNeedsRoot) await ca.ready;
    let giveUp = (_error: AppError): void => undefined;
    const gaveUp = new Promise<AppError>((resolve) => {
      giveUp = resolve;
    });
    await openClientDoors(config, ports, { http, dns, httpsCertificates: () => certificates.of('https'), logger });
    // First: a server that may not be here writes nothing.
    if (membership !== undefined) await membership.keeper.show();
    const serving = serve(config, ports, { store, ca, agent, xds, facts, logger, certificates });
    serving.then(isServing, () => undefined);
    const showAgain = (): Promise<void> =>
      membership?.keeper.show().catch((thrown: unknown) => warn(AppError.from(thrown).message)) ?? Promise.resolve();
    closers.push(cluster?.keyring?.onChange(showAgain) ?? (() => undefined));
    if (cluster !== undefined && membership !== undefined) {
      const relayed = createRelayedListener(httpDeps, closing.signal);
      const debug = (message: string): void => logger.debug({ room: 'coordinates' }, message);
      const place = config.disableCoordinates
        ? undefined
        : createServerPlace({ node: config.nodeName, store, peers: cluster.peers, coordinates, clock, debug });
      if (place) closers.push(() => place.close());
      cluster.serve({
        http: relayed,
        dns: relayDns(dns, (sent) => relayedSettings(sent, dnsSettings)),
        ads: xds.relayed,
        registry: membership.keeper,
        ...(place && { place: place.coordinate }),
        ...(config.connectEnabled && {
          certificates: {
            ca,
            datacenter: config.datacenter,
            domain: config.dns.domain,
            isOpen: config.autoEncrypt.allowTls,
            clock,
          },
        }),
      });
      closers.push(await joinServers(config, cluster, { clock, logger, onGiveUp: (error) => giveUp(error) }));
    }
    return {
      ports,
      store,
      agent,
      serving,
      gaveUp,
      async leave() {
        await leave(config, { cluster, membership, agent, clock });
        hasLeft = true;
      },
      stop,
      async reconfigure(next) {
        certificates.reload(next.tls);
        cluster?.reload(next);
        const metaChanged = !isDeepStrictEqual(next.nodeMeta, current.nodeMeta);
        const needRestart = restartOnly(config, next);
        current = withoutRestart(config, next);
        setLevel(next.log.level as LogLevel);
        dnsSettings = dnsSettingsOf({ ...config, dns: next.dns });
        tokens.configure(next.aclTokens);
        if (metaChanged) {
          await registerSelf(store, facts, ports.server, serverMeta(config));
          await membership?.keeper.show();
        }
        await agent.configure(next);
        warnOfRestart(logger, needRestart);
      },
    };
  } catch (thrown) {
    await stop();
    throw thrown;
  }
}

const LONGEST_LEAVE_MS = 10_000;
/** Of a server that was to leave, and stays: to be in the catalog again. */
const LONGEST_RETURN_MS = 5 * 60_000;

/** A server that is alone has nobody to tell, and keeps its place in its own state. */
async function leave(
  { cluster: { leaveDrainMs }, state }: AgentConfig,
  parts: {
    readonly cluster: ClusterServer | undefined;
    readonly membership: Membership | undefined;
    readonly agent: OwnLocalAgent;
    readonly clock: Clock;
  },
): Promise<void> {
  const { cluster, membership, agent, clock } = parts;
  if (membership === undefined) return;
  cluster?.setDraining(true);
  const others = membership.servers().some(({ status }, position) => position > 0 && status === 'alive');
  if (others && leaveDrainMs > 0) await pauseOn(clock, leaveDrainMs);
  if (state.backend !== 'etcd') return agent.close();
  // What has left must not be copied anew; checks go on, for it may have to stay.
  await agent.pauseCopying();
  // Without a majority of etcd nobody can be taken out; whoever wants to end shall not wait for it.
  await membership.keeper.leave(LONGEST_LEAVE_MS);
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
  readonly agent: OwnLocalAgent;
  readonly xds: XdsServer;
  readonly facts: NodeFacts;
  readonly logger: Logger;
  readonly certificates: PortCertificates;
}

/** What happens behind the open HTTP door: self-registration, root, local services, then xDS. */
async function serve(config: AgentConfig, ports: Ports, parts: Parts): Promise<void> {
  const { store, ca, agent, xds, facts, logger, certificates } = parts;
  await setDefaultIntentionPolicy(store, config.defaultIntentionPolicy);
  // As Consul does at a first start: the bare node, then what the agent knows about it. Clients see two steps of the index.
  const isKnown = store.view.get('nodes', nodeKey(facts.node)) !== undefined;
  const self = isKnown ? facts : { ...facts, taggedAddresses: {}, meta: {} };
  await registerSelf(store, self, ports.server, serverMeta(config));
  store.onRestored(() => {
    registerSelf(store, facts, ports.server, serverMeta(config)).catch((thrown: unknown) =>
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
