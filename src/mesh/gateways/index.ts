/**
 * Gateways: which terminating gateways lead to which services outside the mesh, and where they are.
 * In: a view, names. Out: sorted names, endpoints. Must never: know an Envoy message, or what a gateway itself is told.
 */
export { gatewayInstances, linkedGatewaysCell, linkedServices, meshEndpoints } from './linked-gateways.js';
