/**
 * Gateways: which gateways lead to which services, what an API gateway and its routes come to, and what state they are in.
 * In: a view, names. Out: sorted names, endpoints, bound listeners, conditions. Must never: know an Envoy message, or a clock.
 */
export { boundGatewayCell, routesFor } from './bound-gateway.js';
export { type Condition, conditionKey } from './condition.js';
export { CONDITIONED_KINDS, conditionsCell } from './conditions.js';
export { type GatewayService, gatewayServicesCell } from './gateway-services.js';
export { exposingInstances } from './ingress-gateways.js';
export { gatewayInstances, linkedGatewaysCell, linkedServices, meshEndpoints } from './linked-gateways.js';
