/**
 * DNS: names of nodes, services, prepared queries and addresses, over UDP and TCP (consul-behaviour 9).
 * In: packets; the state. Out: answers; questions to recursors. Must never: go through the HTTP API, throw for what a client sent,
 * or keep a cell for a name that means nothing.
 */
export type { DnsCounters, DnsDeps, DnsEdgeDeps, DnsQueryKind, DnsSettings } from './dns-deps.js';
export { createSettingsReader, encodeDnsSettings } from './relayed-settings.js';
export { type DnsServer, type RelayDns, createDnsServer, createRelayDnsServer } from './server.js';
