import {
  type FieldType,
  boolType,
  intType,
  listOf,
  mapOf,
  opaqueType,
  stringType,
  structOf,
} from '../../../lang/filter/index.js';

const textMap = mapOf(stringType);
const weights = structOf({ Passing: intType, Warning: intType });
const addresses = mapOf(structOf({ Address: stringType, Port: intType }));
const locality = structOf({ Region: stringType, Zone: stringType });
const meshGateway = structOf({ Mode: stringType });

/** The `Proxy` block of a service. */
export const proxyFilterType: FieldType = structOf({
  DestinationServiceName: stringType,
  DestinationServiceID: stringType,
  LocalServiceAddress: stringType,
  LocalServicePort: intType,
  LocalServiceSocketPath: stringType,
  Mode: stringType,
  MutualTLSMode: stringType,
  Config: opaqueType,
  MeshGateway: meshGateway,
  TransparentProxy: structOf({ OutboundListenerPort: intType, DialedDirectly: boolType }),
  Expose: structOf({
    Checks: boolType,
    Paths: listOf(
      structOf({
        ListenerPort: intType,
        Path: stringType,
        LocalPathPort: intType,
        Protocol: stringType,
        ParsedFromCheck: boolType,
      }),
    ),
  }),
  Upstreams: listOf(
    structOf({
      DestinationType: stringType,
      DestinationName: stringType,
      DestinationPeer: stringType,
      Datacenter: stringType,
      LocalBindAddress: stringType,
      LocalBindPort: intType,
      LocalBindSocketPath: stringType,
      LocalBindSocketMode: stringType,
      Config: opaqueType,
      MeshGateway: meshGateway,
    }),
  ),
});

/** What `filter=` may select of a node. */
export const nodeFilterType: FieldType = structOf({
  ID: stringType,
  Node: stringType,
  Address: stringType,
  Datacenter: stringType,
  TaggedAddresses: textMap,
  Meta: textMap,
  Locality: locality,
});

/** What `filter=` may select of a service on a node. */
export const nodeServiceFilterType: FieldType = structOf({
  Kind: stringType,
  ID: stringType,
  Service: stringType,
  Tags: listOf(stringType),
  Address: stringType,
  TaggedAddresses: addresses,
  Meta: textMap,
  Port: intType,
  SocketPath: stringType,
  Weights: weights,
  EnableTagOverride: boolType,
  Proxy: proxyFilterType,
  Connect: structOf({ Native: boolType }),
  Locality: locality,
  PeerName: stringType,
});

/** What `filter=` may select of a service with its node's facts. */
export const serviceNodeFilterType: FieldType = structOf({
  ID: stringType,
  Node: stringType,
  Address: stringType,
  Datacenter: stringType,
  TaggedAddresses: textMap,
  NodeMeta: textMap,
  ServiceKind: stringType,
  ServiceID: stringType,
  ServiceName: stringType,
  ServiceTags: listOf(stringType),
  ServiceAddress: stringType,
  ServiceTaggedAddresses: addresses,
  ServiceWeights: weights,
  ServiceMeta: textMap,
  ServicePort: intType,
  ServiceSocketPath: stringType,
  ServiceEnableTagOverride: boolType,
  ServiceProxy: proxyFilterType,
  ServiceConnect: structOf({ Native: boolType }),
  ServiceLocality: locality,
  PeerName: stringType,
});

/** What `filter=` may select of a check. */
export const checkFilterType: FieldType = structOf({
  Node: stringType,
  CheckID: stringType,
  Name: stringType,
  Status: stringType,
  Notes: stringType,
  Output: stringType,
  ServiceID: stringType,
  ServiceName: stringType,
  ServiceTags: listOf(stringType),
  Type: stringType,
  Interval: stringType,
  Timeout: stringType,
  ExposedPort: intType,
  Definition: opaqueType,
  PeerName: stringType,
});

/** What `filter=` may select of an instance with node and checks (also in a resolver's subsets). */
export const instanceHealthFilterType: FieldType = structOf({
  Node: nodeFilterType,
  Service: nodeServiceFilterType,
  Checks: listOf(checkFilterType),
});
