import { type FilterNode, compileFilter, parseFilter } from '../../lang/filter/index.js';
import type { CheckRecord, NodeRecord, ServiceRecord } from '../../model/index.js';

/** Whether an instance is selected. Its checks are asked for only by filters that look at them. */
export type InstanceFilter = (
  node: NodeRecord,
  service: ServiceRecord,
  checks: () => readonly CheckRecord[],
) => boolean;

/** Compiled filters by their expressions: subsets of many services have the same few (`Service.Meta.version == v1`). */
const known = new Map<string, InstanceFilter>();
const MOST_KNOWN = 256;

/**
 * The filter expression of a subset over the API's spelling of node, service and checks (consul-behaviour 1.1). What it does not
 * look at is not made. Throws `invalidArgument` for an expression that cannot be read.
 */
export function instanceFilter(expression: string): InstanceFilter {
  let filter = known.get(expression);
  if (filter === undefined) {
    filter = compiled(expression);
    if (known.size >= MOST_KNOWN) known.clear();
    known.set(expression, filter);
  }
  return filter;
}

function compiled(expression: string): InstanceFilter {
  const selects = compileFilter(expression);
  const looksAt = new Map<string, ReadonlySet<string> | undefined>();
  for (const selector of selectors(parseFilter(expression))) addSelector(looksAt, selector);
  const namesOf = (part: string, all: object): readonly string[] =>
    looksAt.has(part) ? [...(looksAt.get(part) ?? Object.keys(all))] : [];
  const [ofNode, ofService] = [namesOf('Node', NODE), namesOf('Service', SERVICE)];
  const ofCheck = looksAt.has('Checks') ? Object.keys(CHECK) : [];
  return (node, service, checks) => {
    const seen: Record<string, unknown> = {};
    if (ofNode.length > 0) seen['Node'] = pick(NODE, node, ofNode);
    if (ofService.length > 0) seen['Service'] = pick(SERVICE, service, ofService);
    if (ofCheck.length > 0) seen['Checks'] = checks().map((check) => pick(CHECK, check, ofCheck));
    return selects(seen);
  };
}

function selectors(node: FilterNode): readonly (readonly string[])[] {
  if (node.kind === 'match') return [node.selector];
  return node.kind === 'not' ? selectors(node.operand) : node.operands.flatMap(selectors);
}

/** Names what a selector looks at: fields of a part, or undefined = all of it. */
function addSelector(
  looksAt: Map<string, ReadonlySet<string> | undefined>,
  [part = '', field]: readonly string[],
): void {
  const known = looksAt.get(part);
  const hasAll = looksAt.has(part) && known === undefined;
  looksAt.set(part, field === undefined || hasAll ? undefined : new Set([...(known ?? []), field]));
}

type Fields<Row> = Readonly<Record<string, (row: Row) => unknown>>;

function pick<Row>(fields: Fields<Row>, row: Row, names: readonly string[]): object {
  const picked: Record<string, unknown> = {};
  for (const name of names) if (Object.hasOwn(fields, name)) picked[name] = fields[name]?.(row);
  return picked;
}

const NODE: Fields<NodeRecord> = {
  ID: ({ id }) => id,
  Node: ({ node }) => node,
  Address: ({ address }) => address,
  Datacenter: ({ datacenter }) => datacenter,
  TaggedAddresses: ({ taggedAddresses }) => taggedAddresses,
  Meta: ({ meta }) => meta,
};

const SERVICE: Fields<ServiceRecord> = {
  Kind: ({ kind }) => kind,
  ID: ({ id }) => id,
  Service: ({ service }) => service,
  Tags: ({ tags }) => tags,
  Address: ({ address }) => address,
  Port: ({ port }) => port,
  Meta: ({ meta }) => meta,
  Weights: ({ weights }) => ({ Passing: weights.passing, Warning: weights.warning }),
  EnableTagOverride: ({ enableTagOverride }) => enableTagOverride,
  Connect: ({ connect }) => ({ Native: connect.native }),
  Proxy: ({ proxy }) => ({
    DestinationServiceName: proxy?.destinationServiceName ?? '',
    DestinationServiceID: proxy?.destinationServiceId ?? '',
    LocalServiceAddress: proxy?.localServiceAddress ?? '',
    LocalServicePort: proxy?.localServicePort ?? 0,
    Mode: proxy?.mode ?? '',
  }),
  TaggedAddresses: ({ taggedAddresses }) =>
    Object.fromEntries(
      Object.entries(taggedAddresses).map(([name, { address, port }]) => [name, { Address: address, Port: port }]),
    ),
};

const CHECK: Fields<CheckRecord> = {
  Node: ({ node }) => node,
  CheckID: ({ checkId }) => checkId,
  Name: ({ name }) => name,
  Status: ({ status }) => status,
  Notes: ({ notes }) => notes,
  Output: ({ output }) => output,
  ServiceID: ({ serviceId }) => serviceId,
  ServiceName: ({ serviceName }) => serviceName,
  ServiceTags: ({ serviceTags }) => serviceTags,
  Type: ({ type }) => type,
};
