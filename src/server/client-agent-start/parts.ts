import type { AgentConfig } from '../../agent/config/index.js';
import { type AgentTokens, createAgentTokens } from '../../agent/index.js';
import {
  createAskServers,
  createLinkCatalog,
  createOwnPlace,
  createRelay,
  createRelayDns,
  createRelayXdsServer,
  createServerAccess,
  namedLink,
  ProxyRecords,
  watchNode,
} from '../../client-agent/index.js';
import type { AgentFacts, ServerLink } from '../../cluster/index.js';
import { type AppError, ORIGIN, systemClock } from '../../core/index.js';
import { createRelayDnsServer } from '../../edges/dns/index.js';
import {
  type AgentControl,
  type AgentDeps,
  type AgentKnowledge,
  createAgentHttpServer,
  type HttpConfig,
} from '../../edges/http/index.js';
import type { Logging } from '../../telemetry/index.js';
import { AgentSettings } from '../agent-settings.js';
import { Closers } from '../closers.js';
import { agentDoors } from '../doors/agent-doors.js';
import { closeDoors, type Door, type Ports } from '../doors/door.js';
import { httpConfigOf } from '../http-config.js';
import { openLink } from '../open-link.js';
import { type OwnLocalAgent, ownLocalAgent, ownNodeFacts, ownNodeId } from '../own-node.js';
import { keepMetrics } from '../process-metrics.js';
import { createPortCertificates, type PortCertificates } from '../tls-files.js';
import { joinRoute } from './join-route.js';
import { memberFactsOf } from './member-facts.js';
import { relaySettingsOf } from './relay-settings.js';
import { NO_CERTIFICATE, type TlsOfServers, tlsOfServers } from './tls-of-servers.js';

/** How long somebody who registers waits for the servers to have it; then they are told later. */
const COPY_PATIENCE_MS = 2_000;

/** The parts of an agent without state, whose doors are closed. It looks for servers already. */
export interface ClientAgentParts {
  readonly settings: AgentSettings;
  readonly ports: Ports;
  readonly link: ServerLink;
  /** Reads the files again with which servers are trusted. Throws AppError('invalidArgument'); then nothing changes. */
  readonly reloadLink: (config: AgentConfig) => void;
  /** What it tells its servers of itself now. */
  readonly memberFacts: () => AgentFacts;
  readonly tokens: AgentTokens;
  readonly agent: OwnLocalAgent;
  /** Resolves when the services and checks of an earlier run are there. */
  readonly started: Promise<void>;
  readonly certificates: PortCertificates;
  readonly tls: TlsOfServers | undefined;
  readonly doors: readonly Door[];
  readonly closers: Closers;
}

/** Makes the parts of a client agent. `onGiveUp` hears that no server was joined within `retry_max`. */
export function createClientAgentParts(
  config: AgentConfig,
  { logger, watch }: Logging,
  control: AgentControl,
  onGiveUp: (error: AppError) => void,
): ClientAgentParts {
  const settings = new AgentSettings(config);
  const clock = systemClock;
  const nodeId = ownNodeId(config);
  const ports: Ports = { ...config.ports };
  const httpConfig = (): HttpConfig => httpConfigOf(settings.current, nodeId, ports);
  const memberFacts = (): AgentFacts => memberFactsOf(config, httpConfig());
  const { link, reload: reloadLink } = openLink(config, {
    facts: memberFacts(),
    clock,
    logger: logger.child({ room: 'cluster' }),
    onGiveUp,
  });
  const tokens = createAgentTokens(config.aclTokens, config.dataDir, (message) =>
    logger.warn({ room: 'acl' }, message),
  );
  const ownToken = (): string => tokens.get('agent') || tokens.get('default');
  const servers = createServerAccess(namedLink(link, config.nodeName), clock);
  const ask = createAskServers(servers, clock, ownToken);
  const facts = ownNodeFacts(config, nodeId, () => settings.current.nodeMeta);
  const node = watchNode(ask, facts.node, clock);
  const catalog = createLinkCatalog({
    ask,
    servers,
    link,
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
  const dns = createRelayDnsServer(
    {
      settings: () => settings.dns,
      clock,
      random: Math.random,
      logger: logger.child({ room: 'dns' }),
      observe: (kind, durationMs) => metrics.observeDnsQuery(kind, durationMs),
    },
    createRelayDns({ link, clock, settings: relaySettingsOf(settings) }),
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
  const tls = tlsOfServers(config, {
    link,
    clock,
    warn: (message) => logger.warn({ room: 'cluster' }, message),
  });
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
  return { settings, ports, link, reloadLink, memberFacts, tokens, agent, started, certificates, tls, doors, closers };
}
