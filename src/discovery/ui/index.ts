/**
 * UI: what the pages of a user interface need in one request each (consul-behaviour.md 1.14).
 * In: a tracked view. Out: cells with unfiltered, summed up facts. Must never: know about HTTP, or show a secret.
 */
export { type ServiceBehindGateway, gatewayIntentionsCell, uiGatewayServicesCell } from './gateway-services.js';
export { type HealthTally, type Overview, overviewCell } from './overview.js';
export { type ServiceSummary, serviceSummariesCell } from './service-summary.js';
export { type Topology, type TopologyNeighbour, topologyCell, topologyKey } from './topology.js';
export { type NodeWithAll, uiNodeCell, uiNodesCell } from './ui-nodes.js';
