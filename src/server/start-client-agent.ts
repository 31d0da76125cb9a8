import { isDeepStrictEqual } from 'node:util';
import type { AgentConfig } from '../agent/config/index.js';
import { createAgentTokens } from '../agent/index.js';
import {
  createAskServers,
  createLinkCatalog,
  createOwnCertificate,
  createOwnPlace,
  createRelay,
  createRelayDns,
  createRelayXdsServer,
  createServerAccess,
  namedLink,
  type OwnCertificate,
  ProxyRecords,
  type RelayDnsSettings,
  watchNode,
} from '../client-agent/index.js';
import type { AgentFacts, ServerLink } from '../cluster/index.js';
import { AppError, deferred, ORIGIN, systemClock } from '../core/index.js';
import { createRelayDnsServer, type DnsSettings, encodeDnsSettings } from '../edges/dns/index.js';
import {
  type AgentControl,
  type AgentDeps,
  type AgentKnowledge,
  type AgentRoute,
  createAgentHttpServer,
  type HttpConfig,
  memberTags,
} from '../edges/http/index.js';
import type { Logging, LogLevel } from '../telemetry/index.js';
import { Closers } from './closers.js';
import { agentDoors } from './doors/agent-doors.js';
import { closeDoors, openDoors, type Ports } from './doors/door.js';
import { httpConfigOf } from './http-config.js';
import { ownLocalAgent, ownNodeFacts, ownNodeId, warnOfRestart } from './own-node.js';
import { openLink } from './open-link.js';
import { keepMetrics } from './process-metrics.js';
import { restartOnly, withoutRestart } from './restart-only.js';
import type { RunningAgent } from './running-agent.js';
import { createPortCertificates } from './tls-files.js';
import { API_VERSION, OWN_META } from './versions.js';

/** How long somebody who registers waits for the servers to have it; then they are told later. */
const COPY_PATIENCE_MS = 2_000;
/** How long a leaving agent waits for the servers to take its node out. */
const LEAVE_MS = 5_000;

/**
 * Starts an agent without state: it joins servers, and opens its doors whether or not one is there (docs/client-agents.md).
 * Throws AppError('portTaken' | 'corruptState' | 'unavailable' …).
 */
export async function startClientAgent(
  config: AgentConfig,
  { logger, setLevel, watch }: Logging,
  control: AgentControl,
): Promise<RunningAgent> {
  let current = config;
  const clock = systemClock;
  const nodeId = ownNodeId(config);
  const ports: Ports = { ...config.ports };
  const httpConfig = (): HttpConfig => httpConfigOf(current, nodeId, ports);
  const gaveUp = deferred<AppError>();
  const memberFacts = (): AgentFacts => memberFactsOf(config, httpConfig());
  const { link, reload: reloadLink } = openLink(config, {
    facts: memberFacts(),
    clock,
    logger: logger.child({ room: 'cluster' }),
    onGiveUp: gaveUp.resolve,
  });
  const tokens = createAgentTokens(config.aclTokens, config.dataDir, (message) =>
    logger.warn({ room: 'acl' }, message),
  );
  const ownToken = (): string => tokens.get('agent') || tokens.get('default');
  const servers = createServerAccess(namedLink(link, config.nodeName), clock);
  const ask = createAskServers(servers, clock, ownToken);
  const facts = ownNodeFacts(config, nodeId, () => current.nodeMeta);
  const node = watchNode(ask, facts.node, clock);
  const catalog = createLinkCatalog({
    ask,
    servers,
    watch: node,
    facts,
    clock,
    random: Math.random,
    serviceToken: () => tokens.get('default'),
  });
  const agent = ownLocalAgent(config, {
    catalog,
    clock,
    facts,
    copyPatienceMs: COPY_PATIENCE_MS,
    fileToken: () => tokens.get('config_file_service_registration'),
    logger: logger.child({ room: 'agent' }),
  });
  const { relay, close: closeRelay } = createRelay({ servers, clock, ownToken: () => tokens.get('default') });
  const xdsLogger = logger.child({ room: 'xds' });
  const xds = createRelayXdsServer({
    node: config.nodeName,
    link,
    servers,
    records: new ProxyRecords({
      clock,
      ...(config.dataDir === '' ? {} : { dataDir: config.dataDir }),
      warn: (message) => xdsLogger.warn({}, message),
    }),
    allowPlaintextSecrets: config.allowPlaintextSecrets,
    ownToken: () => tokens.get('default'),
    clock,
    random: Math.random,
    logger: xdsLogger,
  });
  const { metrics, close: closeMetrics } = keepMetrics(config.telemetry, {
    clock,
    logger,
    gauges: () => ({
      'consul.xds.server.streams': xds.streams,
      'meshwright.client_agent.server_reachable': servers.isReachable ? 1 : 0,
      'meshwright.client_agent.links_lost': servers.linksLost,
      'meshwright.dns.queries_udp': dns.counters.udpQueries,
      'meshwright.dns.queries_tcp': dns.counters.tcpQueries,
      'meshwright.dns.recursions': dns.counters.recursions,
    }),
  });
  const dnsSettings = (): DnsSettings => dnsSettingsOf(current);
  const dns = createRelayDnsServer(
    {
      settings: dnsSettings,
      clock,
      random: Math.random,
      logger: logger.child({ room: 'dns' }),
      observe: (kind, durationMs) => metrics.observeDnsQuery(kind, durationMs),
    },
    createRelayDns({ link, clock, settings: relaySettings(() => current) }),
  );
  const started = agent.start();
  const place = config.disableCoordinates
    ? undefined
    : createOwnPlace({
        link,
        ask,
        node: facts.node,
        datacenter: facts.datacenter,
        nodeCount: () => catalog.nodeCount(),
        clock,
        random: Math.random,
        debug: (message) => logger.debug({ room: 'coordinates' }, message),
      });
  const knowledge: AgentKnowledge = {
    ready: started,
    merged: (service) => node.merged(service),
    onCentralChange: (listener) => node.onChange(listener),
    coordinate: () => place?.coordinate() ?? ORIGIN,
    // The limits of the state hold at the servers.
    watchLimits: () => () => undefined,
  };
  const deps: AgentDeps = {
    knowledge,
    agent,
    config: httpConfig,
    control,
    tokens,
    watchLog: watch,
    metrics,
    clock,
    logger: logger.child({ room: 'http' }),
  };
  const http = createAgentHttpServer(deps, relay, [joinRoute(link)], { maxHeaderBytes: config.http.maxHeaderBytes });
  const tls = tlsOfServers(config, link, (message) => logger.warn({ room: 'cluster' }, message));
  const certificates = createPortCertificates(config.tls, tls?.certificate ?? NO_CERTIFICATE);
  const doors = agentDoors(config, {
    ...{ http, dns, xds, certificates },
    ...(tls && { certificatesOfServers: tls.doors }),
  });
  const closers = new Closers();
  closers.add(
    () => link.close(),
    () => servers.close(),
    () => catalog.close(),
    () => place?.close(),
    () => node.close(),
    () => closeRelay(),
    () => agent.close(),
    () => closeDoors(doors),
    () => closeMetrics(),
    () => tls?.certificate.close(),
  );
  const serveProxies = async (): Promise<void> => {
    await started;
    await agent.configure(config);
    await openDoors(doors, 'when proxies can be served', { ports, logger });
  };
  const showCertificate = async ({ certificate }: TlsOfServers): Promise<void> => {
    await certificate.ready;
    await openDoors(doors, 'with a certificate of the servers', { ports, logger });
  };
  try {
    if (config.cluster.startJoin.length > 0) await link.join(config.cluster.startJoin);
    await openDoors(doors, 'at once', { ports, logger });
    if (tls) showCertificate(tls).catch((thrown: unknown) => gaveUp.resolve(AppError.from(thrown)));
    const serving = serveProxies();
    serving.catch(() => undefined);
    return {
      ports,
      agent,
      serving,
      gaveUp: gaveUp.promise,
      stop: () => closers.closeAll(),
      async leave() {
        await agent.close();
        await link.leave(LEAVE_MS);
      },
      async reconfigure(next) {
        certificates.reload(next.tls);
        reloadLink(next);
        const metaChanged = !isDeepStrictEqual(next.nodeMeta, current.nodeMeta);
        const needRestart = restartOnly(config, next);
        current = { ...withoutRestart(config, next), dns: next.dns };
        setLevel(next.log.level as LogLevel);
        tokens.configure(next.aclTokens);
        if (metaChanged) link.update(memberFacts());
        await agent.configure(next);
        warnOfRestart(logger, needRestart);
      },
    };
  } catch (thrown) {
    await closers.closeAll();
    throw thrown;
  }
}

function memberFactsOf(config: AgentConfig, http: HttpConfig): AgentFacts {
  return {
    nodeName: config.nodeName,
    nodeId: http.nodeId,
    address: config.advertiseAddress,
    port: config.ports.serfLan,
    datacenter: config.datacenter,
    version: API_VERSION,
    taggedAddresses: config.taggedAddresses,
    nodeMeta: { ...OWN_META, ...http.nodeMeta },
    tags: memberTags(http),
    reconnectTimeoutMs: config.cluster.advertiseReconnectTimeoutMs,
  };
}

/** To join is what the agent does, not its servers. */
const joinRoute = (link: ServerLink): AgentRoute => ({
  method: 'PUT',
  path: '/v1/agent/join/',
  acl: { resource: 'agent', access: 'write', scope: 'agent' },
  blocking: false,
  async handle({ rest, query }) {
    if (query.has('wan'))
      throw new AppError('unsupported', `cannot join ${rest}: only servers are in the wide-area pool`);
    await link.join([rest]);
    return {};
  },
});

const dnsSettingsOf = ({ dns, nodeName, datacenter }: AgentConfig): DnsSettings => ({ ...dns, nodeName, datacenter });

/** What a reload gives is written down once, not for each query. */
function relaySettings(current: () => AgentConfig): () => RelayDnsSettings {
  let known: { readonly config: AgentConfig; readonly settings: RelayDnsSettings } | undefined;
  return () => {
    const config = current();
    const { allowStale, maxStaleMs, useCache, cacheMaxAgeMs } = config.dns;
    if (known?.config !== config)
      known = {
        config,
        settings: {
          sent: encodeDnsSettings(dnsSettingsOf(config)),
          maxStaleMs: allowStale ? maxStaleMs : 0,
          useCache,
          cacheMaxAgeMs,
        },
      };
    return known.settings;
  };
}

/** The doors with TLS whose certificate the servers give, and that. */
interface TlsOfServers {
  readonly doors: ReadonlySet<'https' | 'grpcTls'>;
  readonly certificate: OwnCertificate;
}

/** Undefined where the servers shall give none. */
function tlsOfServers(
  config: AgentConfig,
  link: ServerLink,
  warn: (message: string) => void,
): TlsOfServers | undefined {
  const { ports, tls, autoEncrypt, advertiseAddress } = config;
  if (!autoEncrypt.tls) return undefined;
  const doors = new Set<'https' | 'grpcTls'>();
  if (ports.https >= 0 && tls.https.certFile === '') doors.add('https');
  if (ports.grpcTls >= 0 && tls.grpc.certFile === '') doors.add('grpcTls');
  if (doors.size === 0) return undefined;
  const names = [...new Set(['localhost', '127.0.0.1', '::1', advertiseAddress, ...autoEncrypt.names])];
  return { doors, certificate: createOwnCertificate({ link, names, clock: systemClock, warn }) };
}

/** Where the servers shall give none, and there are no files. */
const NO_CERTIFICATE = {
  current: () => {
    throw new AppError(
      'invalidArgument',
      'a TLS port of a client agent needs tls.defaults.cert_file and key_file (or those of tls.https, tls.grpc) where auto_encrypt.tls is false',
    );
  },
  onChange: () => () => undefined,
};
