import { encodeCheck, encodeNodeService } from '../../../discovery/catalog/index.js';
import {
  type HealthTally,
  type NodeWithAll,
  type ServiceSummary,
  type TopologyNeighbour,
  gatewayIntentionsCell,
  uiGatewayServicesCell,
  overviewCell,
  serviceSummariesCell,
  topologyCell,
  topologyKey,
  uiNodeCell,
  uiNodesCell,
} from '../../../discovery/ui/index.js';
import { encodeIntention } from '../../../mesh/intentions/index.js';
import { badRequest, empty, json, text } from '../answers.js';
import { forwardToMetrics } from '../metrics-proxy.js';
import { isEmpty, readCell } from '../read.js';
import type { AclRequirement, ApiAnswer, ApiRequest, Route } from '../route.js';
import { filterRows } from '../row-filter.js';
import { nodeSummaryFilterType, serviceSummaryFilterType } from '../ui-filter-types.js';

const reads = (resource: 'node' | 'service' | 'intention'): AclRequirement => ({
  resource,
  access: 'read',
  scope: 'items',
});

const read = (path: string, acl: AclRequirement, handle: Route['handle']): Route => ({
  method: 'GET',
  path: `/v1/internal/ui/${path}`,
  acl,
  blocking: true,
  handle,
});

/** What a user interface asks for (consul-behaviour.md 1.14). */
export const uiRoutes: readonly Route[] = [
  read('nodes', reads('node'), listNodes),
  read('node/', reads('node'), readNode),
  read('services', reads('service'), listServices),
  { ...read('exported-services', reads('service'), listExportedServices), errorsHaveIndex: true },
  read('catalog-overview', { resource: 'operator', access: 'read', scope: 'any' }, readOverview),
  read('service-topology/', reads('service'), readTopology),
  read('gateway-services-nodes/', reads('service'), listGatewayServices),
  read('gateway-intentions/', reads('intention'), listGatewayIntentions),
  {
    ...read('metrics-proxy/', { resource: 'service', access: 'read', scope: 'any' }, askMetrics),
    blocking: false,
  },
];

async function listNodes(request: ApiRequest): Promise<ApiAnswer> {
  const { value, headers } = await readCell(request, uiNodesCell, '');
  return json(filterRows(request, nodeSummaryFilterType, value.map(encodeUiNode)), headers);
}

async function readNode(request: ApiRequest): Promise<ApiAnswer> {
  if (request.rest === '') badRequest('Missing node name');
  if (request.query.get('peer') !== '') return empty(404);
  const { value, headers } = await readCell(request, uiNodeCell, request.rest, {
    usesStoreIndex: (node) => node === undefined,
  });
  return value === undefined ? empty(404, headers) : json(encodeUiNode(value), headers);
}

async function listServices(request: ApiRequest): Promise<ApiAnswer> {
  if (request.query.get('peer') !== '') return json([], { 'X-Consul-Index': '1' });
  const { value, headers } = await readCell(request, serviceSummariesCell, '');
  const rows = value.map((summary) => ({
    ...encodeSummary(request, summary),
    ConnectedWithProxy: summary.connectedWithProxy,
    ConnectedWithGateway: summary.connectedWithGateway,
  }));
  return json(filterRows(request, serviceSummaryFilterType, rows), headers);
}

/** There are no peers, so that nothing is exported to one. */
function listExportedServices(request: ApiRequest): ApiAnswer {
  if (request.query.get('peer') === '')
    badRequest('must provide PeerName: the peer whose exported services are wanted');
  return json([], { 'X-Consul-Index': '1' });
}

async function readOverview(request: ApiRequest): Promise<ApiAnswer> {
  const { value, headers } = await readCell(request, overviewCell, '');
  const { nodes, services, checks } = value;
  return json(
    { Nodes: nodes.map(encodeTally), Services: services.map(encodeTally), Checks: checks.map(encodeTally) },
    headers,
  );
}

const TOPOLOGY_KINDS = new Set(['', 'ingress-gateway', 'api-gateway']);

async function readTopology(request: ApiRequest): Promise<ApiAnswer> {
  const { query, rest, config } = request;
  if (rest === '') badRequest('Missing service name');
  if (!query.has('kind')) badRequest('Missing service kind');
  if (!TOPOLOGY_KINDS.has(query.get('kind'))) badRequest(`Unsupported service kind "${query.get('kind')}"`);
  const { value, headers } = await readCell(request, topologyCell, topologyKey(rest, config.datacenter), {
    usesStoreIndex: ({ upstreams, downstreams }) => upstreams.length + downstreams.length === 0,
  });
  const encode = (neighbours: readonly TopologyNeighbour[]): readonly object[] =>
    neighbours.map((neighbour) => encodeNeighbour(request, neighbour));
  return json(
    {
      Protocol: value.protocol,
      TransparentProxy: value.transparentProxy,
      Upstreams: encode(value.upstreams),
      Downstreams: encode(value.downstreams),
      FilteredByACLs: false,
    },
    headers,
  );
}

async function listGatewayServices(request: ApiRequest): Promise<ApiAnswer> {
  if (request.rest === '') badRequest('Missing gateway name');
  const { value, headers } = await readCell(request, uiGatewayServicesCell, request.rest, { usesStoreIndex: isEmpty });
  return json(
    value.map(({ name, summary }) =>
      summary === undefined ? { Name: name, Datacenter: request.config.datacenter } : encodeSummary(request, summary),
    ),
    headers,
  );
}

async function listGatewayIntentions(request: ApiRequest): Promise<ApiAnswer> {
  if (request.rest === '') badRequest('Missing gateway name');
  const { value, headers } = await readCell(request, gatewayIntentionsCell, request.rest, { usesStoreIndex: isEmpty });
  return json(value.map(encodeIntention), headers);
}

async function askMetrics(request: ApiRequest): Promise<ApiAnswer> {
  const { metricsProxy } = request.config;
  return metricsProxy ? forwardToMetrics(request, metricsProxy) : text(404, 'Metrics proxy is not enabled');
}

const orNull = <Value extends object>(value: Value): Value | null => (Object.keys(value).length === 0 ? null : value);

function encodeUiNode({ node, services, checks }: NodeWithAll): Record<string, unknown> {
  return {
    ID: node.id,
    Node: node.node,
    Address: node.address,
    TaggedAddresses: orNull(node.taggedAddresses),
    Meta: orNull(node.meta),
    Services: services.map((service) => ({ ...encodeNodeService(service), Tags: orNull(service.tags) })),
    Checks: checks.map((check) => ({ ...encodeCheck(check), ServiceTags: orNull(check.serviceTags) })),
  };
}

function encodeSummary({ config }: ApiRequest, summary: ServiceSummary): Record<string, unknown> {
  const { kind, linkedServiceCount } = summary;
  return {
    ...(kind === '' ? {} : { Kind: kind }),
    Name: summary.name,
    Datacenter: config.datacenter,
    Tags: orNull(summary.tags),
    Nodes: summary.nodes,
    ExternalSources: orNull(summary.externalSources),
    InstanceCount: summary.instanceCount,
    ChecksPassing: summary.checksPassing,
    ChecksWarning: summary.checksWarning,
    ChecksCritical: summary.checksCritical,
    GatewayConfig: linkedServiceCount === 0 ? {} : { AssociatedServiceCount: linkedServiceCount },
    TransparentProxy: summary.transparentProxy,
    ConnectNative: summary.connectNative,
  };
}

function encodeNeighbour(request: ApiRequest, { summary, source, intention }: TopologyNeighbour): object {
  return {
    ...encodeSummary(request, summary),
    Source: source,
    Intention: {
      Allowed: intention.allowed,
      HasPermissions: intention.hasPermissions,
      ExternalSource: intention.externalSource,
      HasExact: intention.hasExact,
      DefaultAllow: intention.defaultAllow,
    },
  };
}

const encodeTally = ({ name, total, passing, warning, critical }: HealthTally): object => ({
  ...(name === '' ? {} : { Name: name }),
  Total: total,
  Passing: passing,
  Warning: warning,
  Critical: critical,
});
