/**
 * Client agent: an agent without state. It has its own services and checks; everything else it asks of its servers, and it keeps
 * their last answers for the time when none is there (docs/client-agents.md).
 * In: a link to the servers; requests, DNS messages and Envoys' streams. Out: the servers' answers, or the last ones.
 * Must never: answer for another node's agent, write a private key to the disk, or refuse a proxy for knowing nothing about it.
 */
export { type AskServers, createAskServers } from './catalog/ask-servers.js';
export { createLinkCatalog } from './catalog/link-catalog.js';
export { type NodeWatch, watchNode } from './catalog/node-watch.js';
export { createRelayDns, type RelayDnsSettings } from './dns/relay-dns.js';
export { createRelay } from './http/relay.js';
export { namedLink } from './http/named-link.js';
export { createServerAccess } from './http/server-access.js';
export { createOwnCertificate, type OwnCertificate } from './own-certificate.js';
export { createOwnPlace } from './own-place.js';
export { ProxyRecords } from './xds/proxy-records.js';
export { createRelayXdsServer } from './xds/relay-server.js';
