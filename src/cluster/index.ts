/**
 * Cluster: how servers and client agents know, reach and trust each other (docs/cluster.md).
 * In: the cluster key or a join token, addresses to join, the parts that the door hands requests to; the live area of the state's
 * engine, and work that one server does at a time.
 * Out: a door, a link to servers, duties, who is a member and who is alive.
 * Must never: let an agent act for another node, or write state without holding the duty for it.
 */
export type * from './contract.js';
export { createDuties, type Duties, type DutyHolder } from './duties.js';
export { type EventExchange, exchangeEvents } from './event-exchange.js';
export { createLiveness, type Liveness } from './liveness.js';
export {
  createEtcdCredentials,
  createServerCredentials,
  type RenewedCredentials,
  type ServerSubject,
} from './renewed-credentials.js';
export { type ClusterServer, type ClusterServing, openClusterServer } from './cluster-server.js';
export type { RelayedHttp } from './door/cluster-door.js';
export { allowedNetworks } from './door/allowed-networks.js';
export type { RelayedDns } from './door/cluster-service.js';
export type { AgentRegistry } from './door/heartbeats.js';
export { systemResolve } from './join-addresses.js';
export type { CredentialsKeeper } from './link/agent-credentials.js';
export { NotSent } from './link/http-relay.js';
export { createServerLink, type ServerLinkParts } from './link/server-link.js';
export { createMemberKeeper, type MemberKeeper } from './members/member-keeper.js';
export { Keyring } from './keyring/keyring.js';
export { openKeyring } from './keyring/keyring-control.js';
export { type ClusterTrust, trustOfFiles, trustOfKeys } from './trust.js';
