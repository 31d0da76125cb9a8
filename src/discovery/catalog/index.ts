/**
 * Catalog: nodes, services and checks as registered, and what follows from them (virtual IPs).
 * In: registrations; a tracked view. Out: transactions, cells with unfiltered records, Consul's JSON of them.
 * Must never: know about HTTP, run a check, or filter by token.
 */
export {
  type InstanceHealth,
  type NodeWithServices,
  type ServiceOnNode,
  connectInstancesCell,
  mergeInstances,
  mergedConnectInstancesCell,
  mergedNodeServicesCell,
  mergedServiceInstancesCell,
  nodeServicesCell,
  nodesCell,
  serviceInstancesCell,
  servicesCell,
  servicesOnNodesCell,
  withNodes,
} from './cells.js';
export { mergeCentralConfig } from './central-config.js';
export { applyDeregistration, deregisterFromCatalog } from './deregister.js';
export { checkProxy } from './proxy-rules.js';
export { refreshGatewayLinks, refreshWildcardGateways } from './gateway-addresses.js';
export { applyRegistration, registerInCatalog } from './register.js';
export type {
  CatalogDeregistration,
  CatalogRegistration,
  RegisteredCheck,
  RegisteredService,
} from './registration.js';
export {
  type ManualVirtualIpOutcome,
  assignManualVirtualIps,
  ensureVirtualIp,
  releaseVirtualIpIfUnused,
} from './virtual-ip.js';
export { toCheck, toRegistration, toService } from './wire/decode-registration.js';
export { encodeCheck, encodeInstanceHealth } from './wire/encode-check.js';
export { encodeLocality, encodeNode } from './wire/encode-node.js';
export { encodeMergedServiceNode, encodeNodeService, encodeServiceNode } from './wire/encode-service.js';
export {
  type CheckBody,
  type ServiceBody,
  checkField,
  deregistrationField,
  localityField,
  registrationField,
  serviceField,
} from './wire/registration-field.js';
export {
  checkFilterType,
  instanceHealthFilterType,
  nodeFilterType,
  nodeServiceFilterType,
  proxyFilterType,
  serviceNodeFilterType,
} from './wire/filter-types.js';
