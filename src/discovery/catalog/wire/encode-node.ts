import type { NodeRecord, StringMap } from '../../../model/index.js';

/** A node as `catalog/nodes` and everything that contains nodes shows it; empty maps are `null`, as Consul's are. */
export function encodeNode(node: NodeRecord): Record<string, unknown> {
  return {
    ID: node.id,
    Node: node.node,
    Address: node.address,
    Datacenter: node.datacenter,
    TaggedAddresses: orNull(node.taggedAddresses),
    Meta: orNull(node.meta),
    ...(node.locality === undefined ? {} : { Locality: encodeLocality(node.locality) }),
    CreateIndex: node.firstCreateIndex ?? node.createIndex,
    ModifyIndex: node.modifyIndex,
  };
}

/** A map, or `null` for an empty one. */
export function orNull(map: StringMap): StringMap | null {
  return Object.keys(map).length === 0 ? null : map;
}

/** A locality; an empty zone is left out. */
export function encodeLocality(locality: { readonly region: string; readonly zone: string }): Record<string, string> {
  return { Region: locality.region, ...(locality.zone === '' ? {} : { Zone: locality.zone }) };
}
