import type { Duties } from '../cluster/index.js';
import type { SessionKeeper } from '../discovery/sessions/index.js';
import type { DnsCounters } from '../edges/dns/index.js';
import type { StateStore } from '../state/index.js';
import type { XdsServer } from '../xds/server/index.js';

/** The numbers an operator watches, by the names Consul users know where there is one (consul-behaviour 11.8). */
export function readGauges(
  store: StateStore,
  xds: XdsServer,
  dns: Readonly<DnsCounters>,
  sessions: Pick<SessionKeeper, 'running'>,
  duties: Pick<Duties, 'held'>,
): Readonly<Record<string, number>> {
  const { view } = store;
  const services = view.range('services', 'all', []);
  const roots = view.range('ca-roots', 'all', []).find((root) => root.active);
  return {
    'consul.state.nodes': view.range('nodes', 'all', []).length,
    'consul.state.services': new Set(services.map((service) => service.service)).size,
    'consul.state.service_instances': services.length,
    'consul.state.connect_instances': services.filter((service) => service.kind !== '' || service.connect.native)
      .length,
    'consul.session_ttl.active': sessions.running,
    'consul.mesh.active-root-ca.expiry': roots ? Math.round((Date.parse(roots.notAfter) - Date.now()) / 1000) : 0,
    'consul.xds.server.streams': xds.counters.streams,
    'meshwright.xds.responses': xds.counters.responses,
    'meshwright.xds.resources_sent': xds.counters.resourcesSent,
    'meshwright.xds.bytes_sent': xds.counters.bytesSent,
    'meshwright.xds.refusals': xds.counters.refusals,
    'meshwright.xds.leaves_issued': xds.counters.leavesIssued,
    'meshwright.dns.queries_udp': dns.udpQueries,
    'meshwright.dns.queries_tcp': dns.tcpQueries,
    'meshwright.dns.name_errors': dns.nxDomain,
    'meshwright.dns.server_failures': dns.servFail,
    'meshwright.dns.refused': dns.refused,
    'meshwright.dns.truncated': dns.truncated,
    'meshwright.dns.malformed_packets': dns.malformed,
    'meshwright.dns.overload': dns.overload,
    'meshwright.dns.recursions': dns.recursions,
    'meshwright.dns.recursion_failures': dns.recursionFailures,
    'meshwright.dns.tcp_connections': dns.tcpConnections,
    'meshwright.dns.tcp_dropped': dns.tcpDropped,
    'meshwright.duties.held': duties.held.length,
    'meshwright.state.index': store.index,
    'meshwright.state.commits': store.counters.commits,
    'meshwright.state.conflicts': store.counters.conflicts,
    'meshwright.state.resyncs': store.counters.resyncs,
    'meshwright.state.verifications': store.counters.verifications,
    'meshwright.state.divergences': store.counters.divergences,
    'meshwright.state.parked_queries': store.sizes.parkedQueries,
    'meshwright.cells.kept': store.sizes.cells,
    'meshwright.cells.computed': store.counters.cellsComputed,
    'meshwright.cells.flushes': store.counters.flushes,
  };
}
