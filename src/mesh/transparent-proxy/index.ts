/**
 * Transparent proxy: whom a service may call without having said so, and the addresses by which it calls them.
 * In: a view, names of services. Out: sorted names and addresses. Must never: know an Envoy message, or read more of the mesh
 * than decides about the one service asked for.
 */
export { callableServicesCell } from './callable-services.js';
export { type DirectInstance, directInstancesCell } from './direct-instances.js';
export { type VirtualAddresses, virtualAddressesCell } from './virtual-addresses.js';
