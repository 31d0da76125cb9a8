import { nodeServiceFilterType, proxyFilterType } from '../../discovery/catalog/index.js';
import { type FieldType, boolType, intType, listOf, mapOf, stringType, structOf } from '../../lang/filter/index.js';

const meshGateway = structOf({ Mode: stringType });

/** What `filter=` may select of a service-defaults entry. */
export const serviceDefaultsFilterType: FieldType = structOf({
  Kind: stringType,
  Name: stringType,
  Protocol: stringType,
  Mode: stringType,
  MutualTLSMode: stringType,
  ExternalSNI: stringType,
  BalanceInboundConnections: stringType,
  MaxInboundConnections: intType,
  LocalConnectTimeoutMs: intType,
  LocalRequestTimeoutMs: intType,
  MeshGateway: meshGateway,
  TransparentProxy: structOf({ OutboundListenerPort: intType, DialedDirectly: boolType }),
  Destination: structOf({ Addresses: listOf(stringType), Port: intType }),
  Meta: mapOf(stringType),
});

/** What `filter=` may select of an intention. */
export const intentionFilterType: FieldType = structOf({
  ID: stringType,
  Description: stringType,
  SourceNS: stringType,
  SourceName: stringType,
  SourcePartition: stringType,
  SourcePeer: stringType,
  SourceSamenessGroup: stringType,
  SourceType: stringType,
  DestinationNS: stringType,
  DestinationName: stringType,
  DestinationPartition: stringType,
  Action: stringType,
  Precedence: intType,
  Meta: mapOf(stringType),
});

/** What `filter=` may select of an exported service. */
export const exportedServiceFilterType: FieldType = structOf({
  Service: stringType,
  Consumers: structOf({ Peers: listOf(stringType) }),
});

/** What `filter=` may select of a service of the agent. */
export const agentServiceFilterType: FieldType = structOf({
  ...(nodeServiceFilterType.kind === 'struct' ? nodeServiceFilterType.fields : {}),
  Proxy: proxyFilterType,
  ContentHash: stringType,
  Datacenter: stringType,
});

/** What `filter=` may select of a member. */
export const memberFilterType: FieldType = structOf({
  Name: stringType,
  Addr: stringType,
  Port: intType,
  Tags: mapOf(stringType),
  Status: intType,
  ProtocolMin: intType,
  ProtocolMax: intType,
  ProtocolCur: intType,
  DelegateMin: intType,
  DelegateMax: intType,
  DelegateCur: intType,
});

const compoundName = structOf({ Name: stringType });

/** What `filter=` may select of a service of a gateway. */
export const gatewayServiceFilterType: FieldType = structOf({
  Gateway: compoundName,
  Service: compoundName,
  GatewayKind: stringType,
  Port: intType,
  Protocol: stringType,
  Hosts: listOf(stringType),
  CAFile: stringType,
  CertFile: stringType,
  KeyFile: stringType,
  SNI: stringType,
  FromWildcard: boolType,
  ServiceKind: stringType,
  AutoHostRewrite: boolType,
});
