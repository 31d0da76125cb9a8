import { sha256Hex } from '../../../../src/core/index.js';
import type { EncodedResource, ResourceType } from '../../../../src/xds/resources/spec.js';
import { typeUrls } from '../../../support/fake-envoy/messages.js';
import { any, field, varintField } from '../../../support/fake-envoy/proto.js';

const typeName = (type: ResourceType): string => typeUrls[type].slice('type.googleapis.com/'.length);

function encoded(
  type: ResourceType,
  name: string,
  value: Buffer,
  references: EncodedResource['references'] = [],
): EncodedResource {
  const bytes = any(typeName(type), value);
  return { type, name, version: sha256Hex(bytes, 16), bytes, references, entries: [`service-defaults/${name}`] };
}

const sdsSecret = (name: string): Buffer => Buffer.concat([field(1, name), field(2, '')]);

const tlsSocket = (side: 'Upstream' | 'Downstream'): Buffer => {
  const common = Buffer.concat([field(6, sdsSecret('leaf')), field(7, sdsSecret('roots'))]);
  const context = any(`envoy.extensions.transport_sockets.tls.v3.${side}TlsContext`, field(1, common));
  return Buffer.concat([field(1, 'tls'), field(3, context)]);
};

const tlsReferences = [
  { type: 'secret', name: 'leaf' },
  { type: 'secret', name: 'roots' },
] as const;

/** An EDS cluster whose content varies with `note`. */
export function cluster(name: string, note = '', { tls = false } = {}): EncodedResource {
  const value = Buffer.concat([
    field(1, name),
    varintField(2, 3),
    field(3, field(2, name)),
    field(28, note),
    ...(tls ? [field(24, tlsSocket('Upstream'))] : []),
  ]);
  return encoded('cluster', name, value, [{ type: 'endpoint', name }, ...(tls ? tlsReferences : [])]);
}

/** A cluster with its own address: needs nothing. */
export function staticCluster(name: string, note = ''): EncodedResource {
  return encoded('cluster', name, Buffer.concat([field(1, name), field(28, note)]));
}

/** A cluster that is the first healthy one of others. */
export function aggregateCluster(name: string, members: readonly string[]): EncodedResource {
  const value = Buffer.concat([field(1, name), field(28, members.join(' '))]);
  return encoded(
    'cluster',
    name,
    value,
    members.map((member) => ({ type: 'cluster', name: member }) as const),
  );
}

export function endpoints(name: string, note = ''): EncodedResource {
  return encoded('endpoint', name, Buffer.concat([field(1, name), field(2, note)]));
}

export function roots(note = ''): EncodedResource {
  return encoded('secret', 'roots', Buffer.concat([field(1, 'roots'), field(4, note)]));
}

export function route(name: string, note = '', leadsTo: readonly string[] = []): EncodedResource {
  return { ...encoded('route', name, Buffer.concat([field(1, name), field(2, note)])), leadsTo };
}

export function extension(name: string, note = ''): EncodedResource {
  return encoded('extension', name, Buffer.concat([field(1, name), field(2, note)]));
}

/** A filter that finds things out for others, maybe with the help of clusters. */
export function finder(name: string, provides: readonly string[], clusters: readonly string[] = []): EncodedResource {
  const references = clusters.map((cluster) => ({ type: 'cluster', name: cluster }) as const);
  return {
    ...extension(name, `finds ${provides.join()} by ${clusters.join()}`),
    ...{ provides, references, parts: { provides, clusters } },
    unite: (others) => {
      const other = others as { readonly provides: readonly string[]; readonly clusters: readonly string[] };
      return finder(name, [...other.provides, ...provides], [...other.clusters, ...clusters]);
    },
  };
}

/** A filter that relies on what another one finds out. */
export function judge(name: string, filter: string, findings: readonly string[], note = ''): EncodedResource {
  return { ...extension(name, `needs ${findings.join()} ${note}`), reliesOn: { filter, findings } };
}

/** A listener that makes an Envoy ask for a route, filters, secrets. */
export function listener(
  name: string,
  {
    routeName,
    filters = [],
    tls = false,
    note = '',
    epoch,
  }: { routeName?: string; filters?: readonly string[]; tls?: boolean; note?: string; epoch?: number } = {},
): EncodedResource {
  const rds = routeName === undefined ? [] : [field(3, field(2, routeName))];
  const manager = Buffer.concat([
    ...rds,
    ...filters.map((filter) => field(5, Buffer.concat([field(1, filter), field(5, 'x')]))),
  ]);
  const managerAny = any('envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager', manager);
  const chain = Buffer.concat([
    field(3, Buffer.concat([field(1, 'http'), field(4, managerAny)])),
    ...(tls ? [field(6, tlsSocket('Downstream'))] : []),
    field(7, note),
  ]);
  const resource = encoded('listener', name, Buffer.concat([field(1, name), field(3, chain)]), [
    ...(routeName === undefined ? [] : [{ type: 'route', name: routeName } as const]),
    ...filters.map((filter) => ({ type: 'extension', name: filter }) as const),
    ...(tls ? tlsReferences : []),
  ]);
  return epoch === undefined ? resource : { ...resource, chainEpoch: epoch };
}
