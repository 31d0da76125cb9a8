import { checkFilterType, nodeServiceFilterType } from '../../discovery/catalog/index.js';
import { type FieldType, boolType, intType, listOf, mapOf, stringType, structOf } from '../../lang/filter/index.js';

/** What `filter=` may select of a node with all that is on it. */
export const nodeSummaryFilterType: FieldType = structOf({
  ID: stringType,
  Node: stringType,
  Address: stringType,
  TaggedAddresses: mapOf(stringType),
  Meta: mapOf(stringType),
  Services: listOf(nodeServiceFilterType),
  Checks: listOf(checkFilterType),
});

/** What `filter=` may select of a summed up service. */
export const serviceSummaryFilterType: FieldType = structOf({
  Kind: stringType,
  Name: stringType,
  Datacenter: stringType,
  Tags: listOf(stringType),
  Nodes: listOf(stringType),
  ExternalSources: listOf(stringType),
  InstanceCount: intType,
  ChecksPassing: intType,
  ChecksWarning: intType,
  ChecksCritical: intType,
  TransparentProxy: boolType,
  ConnectNative: boolType,
  ConnectedWithProxy: boolType,
  ConnectedWithGateway: boolType,
});
