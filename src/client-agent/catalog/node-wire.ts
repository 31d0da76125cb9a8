import { canonicalJson } from '../../core/index.js';
import type { LocalCheck, LocalService, NodeFacts } from '../../agent/index.js';
import {
  type CheckBody,
  checkField,
  encodeCheck,
  encodeLocality,
  encodeNodeService,
  serviceField,
  toService,
} from '../../discovery/catalog/index.js';
import { tryDecode } from '../../model/wire/index.js';

/** The tagged address that servers give to services of the mesh. */
const VIRTUAL_ADDRESS_TAG = 'consul-virtual';

/** The facts of a node as `catalog/register` takes them. */
export function registrationOf(facts: NodeFacts): Record<string, unknown> {
  return {
    ID: facts.id,
    Node: facts.node,
    Address: facts.address,
    Datacenter: facts.datacenter,
    TaggedAddresses: facts.taggedAddresses,
    NodeMeta: facts.meta,
    ...(facts.locality === undefined ? {} : { Locality: encodeLocality(facts.locality) }),
  };
}

/** A service as `catalog/register` takes it. What it has not is left out: an empty proxy would be one. */
export function serviceBodyOf(service: LocalService): Record<string, unknown> {
  const { Proxy: proxy, ...body } = encodeNodeService({ ...service, createIndex: 0, modifyIndex: 0 });
  return service.proxy === undefined ? body : { ...body, Proxy: proxy };
}

/** A check as `catalog/register` takes it, with what only servers of ours understand. */
export const checkBodyOf = (check: LocalCheck): Record<string, unknown> => ({
  ...encodeCheck({ ...check, createIndex: 0, modifyIndex: 0 }),
  ...(check.exposed === undefined
    ? {}
    : { MeshwrightExposed: { Path: check.exposed.path, Port: check.exposed.port, Protocol: check.exposed.protocol } }),
});

/** A service of `catalog/node-services`; undefined when it cannot be read. */
export function readService(node: string, json: unknown): LocalService | undefined {
  const read = tryDecode(serviceField, json);
  if (!read.ok) return undefined;
  try {
    return { ...toService(read.value), node };
  } catch {
    return undefined;
  }
}

/** A check of `health/node`; undefined when it cannot be read. */
export function readCheck(json: unknown): CheckBody | undefined {
  const read = tryDecode(checkField, json);
  return read.ok ? read.value : undefined;
}

/** A service in one spelling, without what servers add: for comparing what is here with what is there. */
export function comparable(service: LocalService): string {
  const { [VIRTUAL_ADDRESS_TAG]: _added, ...taggedAddresses } = service.taggedAddresses;
  return canonicalJson(encodeNodeService({ ...service, taggedAddresses, createIndex: 0, modifyIndex: 0 }));
}

/** See `comparable`. */
export const comparableCheck = ({
  checkId,
  name,
  status,
  notes,
  output,
  serviceId,
  type,
  ...rest
}: CheckBody | LocalCheck): string =>
  canonicalJson([
    checkId,
    name,
    status,
    notes,
    output,
    serviceId,
    type,
    rest.interval,
    rest.timeout,
    rest.exposedPort,
    rest.definition,
  ]);
