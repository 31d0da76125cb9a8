import { type AgentTokens, createAgentTokens, createStoreCatalog } from '../../agent/index.js';
import { AppError, deferred } from '../../core/index.js';
import { createCoordinateWriter } from '../../discovery/coordinates/index.js';
import { createDnsServer, type DnsServer } from '../../edges/dns/index.js';
import { type AgentControl, createHttpServer, type HttpDeps, knowledgeOf } from '../../edges/http/index.js';
import type { Logging } from '../../telemetry/index.js';
import { startBackups } from '../backups.js';
import { Closers } from '../closers.js';
import { agentDoors } from '../doors/agent-doors.js';
import { closeDoors, type Door } from '../doors/door.js';
import { etcdGauges } from '../etcd-members.js';
import { readGauges } from '../gauges.js';
import { memberGauges } from '../member-gauges.js';
import { createMembership, type Membership } from '../membership.js';
import { type OwnLocalAgent, ownLocalAgent } from '../own-node.js';
import { keepMetrics } from '../process-metrics.js';
import { createDoorCertificates } from '../tls-door.js';
import { createPortCertificates, type PortCertificates } from '../tls-files.js';
import { Departure } from './departure.js';
import type { Ground } from './ground.js';
import { createMesh, type Mesh } from './mesh.js';
import { operatorView } from './operator-view.js';
import { startSharedWork } from './shared-work.js';

/** The parts of a server whose doors are closed. */
export interface ServerParts {
  readonly mesh: Mesh;
  readonly agent: OwnLocalAgent;
  readonly tokens: AgentTokens;
  readonly membership: Membership | undefined;
  readonly departure: Departure;
  readonly httpDeps: HttpDeps;
  readonly dns: DnsServer;
  readonly certificates: PortCertificates;
  readonly doors: readonly Door[];
  /** To be called when the state has what this server puts there at its start. */
  readonly isServing: () => void;
  /** What agents relay, and wait for, is told when the server ends. */
  readonly closing: AbortSignal;
  readonly closers: Closers;
}

/** Makes the parts of a server on its ground, and says in what order they end. */
export function createServerParts(ground: Ground, logging: Logging, control: AgentControl): ServerParts {
  const { config, settings, httpConfig, store, live, duties, cluster, member, external, facts } = ground;
  const { clock, logger, warn } = ground;
  const mesh = createMesh(ground);
  const { ca, xds, entryGuard } = mesh;
  const agent = ownLocalAgent(config, {
    catalog: createStoreCatalog(store, facts),
    clock,
    facts,
    logger: logger.child({ room: 'agent' }),
  });
  const { metrics, close: closeMetrics } = keepMetrics(config.telemetry, {
    clock,
    logger,
    gauges: () => ({
      ...readGauges(store, xds, dns.counters, work.sessions, duties),
      ...etcdGauges(member?.etcd.members ?? external?.members ?? []),
      ...memberGauges(membership?.keeper.list(), cluster),
      ...backups?.gauges(),
    }),
  });
  const tokens = createAgentTokens(config.aclTokens, config.dataDir, (message) =>
    logger.warn({ room: 'acl' }, message),
  );
  const dns = createDnsServer({
    store,
    settings: () => settings.dns,
    clock,
    random: Math.random,
    logger: logger.child({ room: 'dns' }),
    observe: (kind, durationMs) => metrics.observeDnsQuery(kind, durationMs),
  });
  const coordinates = createCoordinateWriter(store, clock, (message) => logger.warn({ room: 'coordinates' }, message));
  const work = startSharedWork(ground, agent);
  const departure = new Departure(ground, agent);
  const onStay = (): void => departure.stay();
  const membership = createMembership({ config, httpConfig, store, live, duties, cluster, onStay, clock, warn });
  const serving = deferred();
  const backups = startBackups({
    ...{ config, store, live, duties, clock, serving: serving.promise },
    logger: logger.child({ room: 'backup' }),
  });
  const view = operatorView(ground, membership);
  const httpDeps: HttpDeps = {
    ...view,
    ...{ store, agent, ca, coordinates, control, tokens, metrics, clock },
    knowledge: knowledgeOf(store, config.nodeName, view.servers),
    sessions: work.sessions,
    events: work.events,
    propagation: xds.propagation,
    ...(backups && { backups: backups.report }),
    config: httpConfig,
    watchLog: logging.watch,
    ...(entryGuard && { entryGuard }),
    logger: logger.child({ room: 'http' }),
  };
  const http = createHttpServer(httpDeps, { maxHeaderBytes: config.http.maxHeaderBytes });
  const ownNames = ['localhost', `server.${config.datacenter}.consul`, '127.0.0.1', config.advertiseAddress];
  const ownCertificate = createDoorCertificates(store, ca, clock, [...new Set(ownNames)]);
  const certificates = createPortCertificates(config.tls, ownCertificate);
  const doors = agentDoors(config, { http, dns, xds, certificates });
  const closing = new AbortController();
  const closers = new Closers();
  closers.add(
    () => ground.closeState(departure.hasLeft),
    () => duties.close(),
    () => membership?.keeper.close(),
    () => backups?.close(),
    () => ca.close(),
    () => agent.close(),
    () => coordinates.close(),
    () => closeDoors(doors),
    () => closeMetrics(),
    () => ownCertificate.close(),
    () => cluster?.close(),
    () => closing.abort(new AppError('unavailable', 'the agent is shutting down; ask again when it is back')),
    () => work.close(),
  );
  return {
    ...{ mesh, agent, tokens, membership, departure, httpDeps, dns, certificates, doors, closers },
    isServing: serving.resolve,
    closing: closing.signal,
  };
}
