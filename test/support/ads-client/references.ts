import protobuf from 'protobufjs';
import { type AnyMessage, type Message, openAny, setFields } from './message-types.js';

/** What one resource makes an Envoy ask for over the same stream. */
export interface References {
  endpoints: string | undefined;
  readonly routes: string[];
  readonly secrets: string[];
  readonly clusters: string[];
  readonly extensions: string[];
}

/** Calls `look` for a message and everything inside it, opening each Any. */
export function visit(
  type: protobuf.Type,
  message: Message,
  look: (type: protobuf.Type, message: Message) => void,
): void {
  if (type.fullName === '.google.protobuf.Any') {
    const inner = openAny(message as unknown as AnyMessage);
    if (inner) visit(inner.type, inner.message, look);
    return;
  }
  look(type, message);
  for (const [field, value] of setFields(type, message)) {
    if (!(field.resolvedType instanceof protobuf.Type)) continue;
    const inner = field.resolvedType;
    const all = field.map ? Object.values(value as object) : field.repeated ? (value as Message[]) : [value];
    for (const one of all) visit(inner, one as Message, look);
  }
}

const text = (value: unknown): string => (typeof value === 'string' ? value : '');
const isSet = (message: unknown, name: string): boolean =>
  typeof message === 'object' &&
  message !== null &&
  Object.hasOwn(message, name) &&
  (message as Message)[name] !== null;
const onAds = (source: unknown): boolean => isSet(source, 'ads') || isSet(source, 'self');

function lookAtCluster(message: Message, out: References): void {
  const eds = Number(message['type'] ?? 0) === 3;
  if (!eds || isSet(message, 'cluster_type')) return;
  const config = message['eds_cluster_config'] as Message | undefined;
  out.endpoints = text(config?.['service_name']) || text(message['name']);
}

const lookups: Readonly<Record<string, (message: Message, out: References) => void>> = {
  '.envoy.config.cluster.v3.Cluster': lookAtCluster,
  '.envoy.extensions.filters.network.http_connection_manager.v3.Rds': (message, out) => {
    if (onAds(message['config_source'])) out.routes.push(text(message['route_config_name']));
  },
  '.envoy.extensions.transport_sockets.tls.v3.SdsSecretConfig': (message, out) => {
    if (onAds(message['sds_config'])) out.secrets.push(text(message['name']));
  },
  '.envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy': (message, out) =>
    out.clusters.push(text(message['cluster'])),
  '.envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy.WeightedCluster.ClusterWeight': (message, out) =>
    out.clusters.push(text(message['name'])),
  '.envoy.config.route.v3.RouteAction': (message, out) => out.clusters.push(text(message['cluster'])),
  '.envoy.config.route.v3.WeightedCluster.ClusterWeight': (message, out) => out.clusters.push(text(message['name'])),
};

/** The name under which a filter's configuration is fetched over the same stream, or ''. Filters of all levels have these two fields. */
function discovered(type: protobuf.Type, message: Message): string {
  const field = type.fields['config_discovery'];
  if (
    field?.resolvedType?.fullName !== '.envoy.config.core.v3.ExtensionConfigSource' ||
    !isSet(message, 'config_discovery')
  )
    return '';
  const source = message['config_discovery'] as Message;
  return onAds(source['config_source']) ? text(message['name']) : '';
}

/** What a resource refers to. */
export function referencesOf(resource: AnyMessage): References {
  const out: References = { endpoints: undefined, routes: [], secrets: [], clusters: [], extensions: [] };
  const opened = openAny(resource);
  if (opened) {
    visit(opened.type, opened.message, (type, message) => {
      const name = discovered(type, message);
      if (name) out.extensions.push(name);
      lookups[type.fullName]?.(message, out);
    });
  }
  return { ...out, clusters: out.clusters.filter((name) => name !== '') };
}
