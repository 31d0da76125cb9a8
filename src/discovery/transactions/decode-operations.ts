import { AppError } from '../../core/index.js';
import type { Locality, StringMap } from '../../model/index.js';
import {
  type Field,
  decode,
  foldedName,
  kindOf,
  list,
  map,
  named,
  object,
  optional,
  text,
  unsigned64,
  wrongValue,
} from '../../model/wire/index.js';
import {
  type CheckBody,
  type ServiceBody,
  checkField,
  localityField,
  serviceField,
  toCheck,
  toService,
} from '../catalog/index.js';
import type { Operation } from './operations.js';

interface KvBody {
  readonly verb: string;
  readonly key: string;
  readonly value: Uint8Array;
  readonly flags: bigint;
  readonly index: bigint;
  readonly session: string;
}

interface NodeBody {
  readonly id: string;
  readonly node: string;
  readonly address: string;
  readonly datacenter: string;
  readonly taggedAddresses: StringMap;
  readonly meta: StringMap;
  readonly locality?: Locality;
}

/** A thing of the catalog with the index that `cas` compares. */
interface Revised<Body> {
  readonly body: Body;
  readonly index: bigint;
}

interface OperationBody {
  readonly kv?: KvBody;
  readonly node?: { readonly verb: string; readonly node: Revised<NodeBody> };
  readonly service?: { readonly verb: string; readonly node: string; readonly service: Revised<ServiceBody> };
  readonly check?: { readonly verb: string; readonly check: Revised<CheckBody> };
}

const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;
const NO_BYTES = new Uint8Array();

const base64Field: Field<Uint8Array> = {
  empty: NO_BYTES,
  isEmpty: (value) => value.length === 0,
  decode(input, path, context) {
    if (input === null || input === undefined || input === '') return NO_BYTES;
    if (typeof input === 'string' && BASE64.test(input)) return Buffer.from(input, 'base64');
    const problem = `must be base64, not ${typeof input === 'string' ? 'other text' : kindOf(input)}`;
    wrongValue(context, path, problem);
    return NO_BYTES;
  },
  encode: (value) => Buffer.from(value).toString('base64'),
};

const nodeField = object<NodeBody>(
  {
    id: named('ID', text()),
    node: text(),
    address: text(),
    datacenter: text(),
    taggedAddresses: map(text()),
    meta: map(text()),
    locality: optional(localityField),
  },
  { ignored: ['CreateIndex', 'ModifyIndex', 'Partition', 'PeerName'] },
);

const kvField = object<KvBody>(
  {
    verb: text(),
    key: text(),
    value: base64Field,
    flags: unsigned64(),
    index: unsigned64(),
    session: text(),
  },
  { ignored: ['Namespace', 'Partition'] },
);

const operationField = object<OperationBody>({
  kv: optional(named('KV', kvField)),
  node: optional(object({ verb: text(), node: revised(nodeField) })),
  service: optional(object({ verb: text(), node: text(), service: revised(serviceField) })),
  check: optional(object({ verb: text(), check: revised(checkField) })),
});

/** Reads `ModifyIndex` beside what a field reads. */
function revised<Body>(field: Field<Body>): Field<Revised<Body>> {
  return {
    empty: { body: field.empty, index: 0n },
    isEmpty: () => false,
    decode(input, path, context) {
      const entries = typeof input === 'object' && input !== null ? Object.entries(input) : [];
      const given = entries.find(([name]) => foldedName(name) === foldedName('ModifyIndex'))?.[1] as unknown;
      return {
        body: field.decode(input, path, context),
        index: unsigned64().decode(given, `${path}.ModifyIndex`, context),
      };
    },
    encode: ({ body }) => field.encode(body),
  };
}

/**
 * The operations of a body, `null` being none. Throws `invalidArgument` for what is no list of operations: wrong types, unknown
 * fields, words and numbers that no field takes, and an operation of no family or of two.
 */
export function decodeOperations(body: unknown, ownDatacenter: string): readonly Operation[] {
  if (body !== null && !Array.isArray(body))
    throw new AppError('invalidArgument', `Failed to parse body: it must be a list of operations, not ${kindOf(body)}`);
  const decoded = decode(list(operationField), body, { what: 'Failed to parse body' });
  return decoded.map((operation, at) => toOperation(operation, at, ownDatacenter));
}

function toOperation(body: OperationBody, at: number, ownDatacenter: string): Operation {
  const given = Object.keys(body);
  if (given.length !== 1)
    throw new AppError(
      'invalidArgument',
      `Failed to parse body: operation ${at} must have exactly one of "KV", "Node", "Service" and "Check", not ${given.length}`,
    );
  if (body.kv) return { ...body.kv, family: 'kv', flags: body.kv.flags.toString() };
  if (body.node) {
    const { verb, node } = body.node;
    return { family: 'node', verb, index: node.index, node: toNode(node.body, ownDatacenter) };
  }
  if (body.service) {
    const { verb, node, service } = body.service;
    return { family: 'service', verb, node, index: service.index, service: toService(service.body) };
  }
  const { verb, check } = body.check as NonNullable<OperationBody['check']>;
  return { family: 'check', verb, index: check.index, check: toCheck(check.body, check.body.node) };
}

const toNode = ({ id, datacenter, ...node }: NodeBody, ownDatacenter: string) => ({
  ...node,
  id: id.toLowerCase(),
  datacenter: datacenter === '' ? ownDatacenter : datacenter,
});
