/**
 * DNS: names of nodes, services, prepared queries and addresses, over UDP and TCP (consul-behaviour 9).
 * In: packets; the state. Out: answers; questions to recursors. Must never: go through the HTTP API, throw for what a client sent,
 * or keep a cell for a name that means nothing.
 */
export type { DnsCounters, DnsDeps, DnsQueryKind, DnsSettings } from './dns-deps.js';
export { type DnsServer, createDnsServer } from './server.js';
