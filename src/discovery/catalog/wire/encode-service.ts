import { proxyField } from '../../../model/definitions/index.js';
import type { ProxySettings, ServiceAddress, ServiceRecord } from '../../../model/index.js';
import { encode } from '../../../model/wire/index.js';
import type { ServiceOnNode } from '../cells.js';
import { encodeLocality, orNull } from './encode-node.js';

const catalogProxyField = proxyField('catalog');
const NO_PROXY: Readonly<Record<string, unknown>> = { Mode: '', MeshGateway: {}, Expose: {} };

/** A service instance as `catalog/node`, `health/service` and others show it. */
export function encodeNodeService(service: ServiceRecord): Record<string, unknown> {
  return {
    ...(service.kind === '' ? {} : { Kind: service.kind }),
    ID: service.id,
    Service: service.service,
    Tags: service.tags,
    Address: service.address,
    ...optionalAddresses('TaggedAddresses', service.taggedAddresses),
    Meta: orNull(service.meta),
    ...(service.port === 0 ? {} : { Port: service.port }),
    ...(service.socketPath === '' ? {} : { SocketPath: service.socketPath }),
    Weights: encodeWeights(service),
    EnableTagOverride: service.enableTagOverride,
    Proxy: encodeProxy(service.proxy),
    Connect: service.connect.native ? { Native: true } : {},
    ...(service.locality === undefined ? {} : { Locality: encodeLocality(service.locality) }),
    PeerName: '',
    CreateIndex: service.createIndex,
    ModifyIndex: service.modifyIndex,
  };
}

/** A service instance with its node's facts in one object, as `catalog/service` and `catalog/connect` list it. */
export function encodeServiceNode({ node, service }: ServiceOnNode): Record<string, unknown> {
  return {
    ID: node.id,
    Node: node.node,
    Address: node.address,
    Datacenter: node.datacenter,
    TaggedAddresses: orNull(node.taggedAddresses),
    NodeMeta: orNull(node.meta),
    ServiceKind: service.kind,
    ServiceID: service.id,
    ServiceName: service.service,
    ServiceTags: service.tags,
    ServiceAddress: service.address,
    ...optionalAddresses('ServiceTaggedAddresses', service.taggedAddresses),
    ServiceWeights: encodeWeights(service),
    ServiceMeta: service.meta,
    ServicePort: service.port,
    ServiceSocketPath: service.socketPath,
    ServiceEnableTagOverride: service.enableTagOverride,
    ServiceProxy: encodeProxy(service.proxy),
    ServiceConnect: service.connect.native ? { Native: true } : {},
    ServiceLocality: service.locality === undefined ? null : encodeLocality(service.locality),
    CreateIndex: service.createIndex,
    ModifyIndex: service.modifyIndex,
  };
}

/**
 * A row of `catalog/service` and `catalog/connect` with central configuration merged: of a proxy it says which node it is on, but neither
 * the node's address nor its datacenter, as Consul.
 */
export function encodeMergedServiceNode(row: ServiceOnNode): Record<string, unknown> {
  return row.service.proxy === undefined
    ? encodeServiceNode(row)
    : { ...encodeServiceNode(row), Address: '', Datacenter: '' };
}

function encodeWeights({ weights }: ServiceRecord): Record<string, number> {
  return { Passing: weights.passing, Warning: weights.warning };
}

/** `{ [name]: addresses }`, or nothing when there are none. */
function optionalAddresses(name: string, addresses: Readonly<Record<string, ServiceAddress>>): Record<string, unknown> {
  const entries = Object.entries(addresses);
  if (entries.length === 0) return {};
  return {
    [name]: Object.fromEntries(entries.map(([tag, { address, port }]) => [tag, { Address: address, Port: port }])),
  };
}

/** The catalog always shows a proxy block, and of an upstream always its datacenter. */
function encodeProxy(proxy: ProxySettings | undefined): unknown {
  if (proxy === undefined) return NO_PROXY;
  const encoded = encode(catalogProxyField, proxy) as Record<string, unknown>;
  const upstreams = encoded['Upstreams'] as readonly Record<string, unknown>[] | undefined;
  if (upstreams === undefined) return encoded;
  return { ...encoded, Upstreams: upstreams.map((upstream) => ({ Datacenter: '', ...upstream })) };
}
