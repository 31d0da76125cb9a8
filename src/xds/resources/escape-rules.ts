import type {
  OpaqueConfig,
  ProxyDefaultsEntry,
  ProxySettings,
  ServiceDefaultsEntry,
  UpstreamConfig,
} from '../../model/index.js';
import { parseMessage } from './escape-hatch.js';
import { readPublicListener } from './inbound/public-listener-escape.js';

const CLUSTER = 'envoy.config.cluster.v3.Cluster';
const LISTENER = 'envoy.config.listener.v3.Listener';

/** What is wrong with a text that is no message of Envoy's; undefined = it is one. */
type Rule = (text: string) => string | undefined;

const messageOf =
  (typeName: string): Rule =>
  (text) => {
    const parsed = parseMessage(text, typeName);
    return 'problem' in parsed ? parsed.problem : undefined;
  };

/** Messages with commas between them, in brackets or without. */
const messagesOf =
  (typeName: string): Rule =>
  (text) => {
    const bare = text.trim().replace(/,$/, '');
    let items: unknown;
    try {
      items = JSON.parse(bare.startsWith('[') ? bare : `[${bare}]`);
    } catch (thrown) {
      return `it is not JSON: ${thrown instanceof Error ? thrown.message : String(thrown)}`;
    }
    const problems = (items as readonly unknown[]).map((item) => messageOf(typeName)(JSON.stringify(item)));
    const first = problems.findIndex((problem) => problem !== undefined);
    return first < 0 ? undefined : `item ${first + 1}: ${problems[first]}`;
  };

/** Keys of a proxy's configuration that hold messages of Envoy's (consul-behaviour 6.13), those of the bootstrap included. */
const PROXY_RULES: Readonly<Record<string, Rule>> = {
  envoy_public_listener_json: (text) => {
    const read = readPublicListener(text);
    return 'problem' in read ? read.problem : undefined;
  },
  envoy_local_cluster_json: messageOf(CLUSTER),
  envoy_listener_tracing_json: messageOf(
    'envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager.Tracing',
  ),
  envoy_tracing_json: messageOf('envoy.config.trace.v3.Tracing'),
  envoy_stats_config_json: messageOf('envoy.config.metrics.v3.StatsConfig'),
  envoy_extra_static_clusters_json: messagesOf(CLUSTER),
  envoy_extra_static_listeners_json: messagesOf(LISTENER),
  envoy_extra_stats_sinks_json: messagesOf('envoy.config.metrics.v3.StatsSink'),
};

const UPSTREAM_RULES: Readonly<Record<string, Rule>> = {
  envoy_listener_json: messageOf(LISTENER),
  envoy_cluster_json: messageOf(CLUSTER),
};

/** What of a registration's proxy is meant to be a message of Envoy's and is none: sentences that begin with the field. */
export function registrationEscapeProblems({ config, upstreams }: ProxySettings): readonly string[] {
  return [
    ...configProblems(config, 'Proxy.Config', PROXY_RULES),
    ...upstreams.flatMap((upstream, position) =>
      configProblems(upstream.config, `Proxy.Upstreams[${position}].Config`, UPSTREAM_RULES),
    ),
  ];
}

/** The same of an entry. */
export function entryEscapeProblems(entry: ProxyDefaultsEntry | ServiceDefaultsEntry): readonly string[] {
  if (entry.kind === 'proxy-defaults') return configProblems(entry.config ?? {}, 'Config', PROXY_RULES);
  const { defaults, overrides = [] } = entry.upstreamConfig ?? {};
  return [
    ...(defaults ? upstreamProblems(defaults, 'UpstreamConfig.Defaults') : []),
    ...overrides.flatMap((one, position) => upstreamProblems(one, `UpstreamConfig.Overrides[${position}]`)),
  ];
}

function upstreamProblems({ envoyListenerJson, envoyClusterJson }: UpstreamConfig, path: string): readonly string[] {
  return [
    ...problemOf(envoyListenerJson, `${path}.EnvoyListenerJSON`, messageOf(LISTENER)),
    ...problemOf(envoyClusterJson, `${path}.EnvoyClusterJSON`, messageOf(CLUSTER)),
  ];
}

function configProblems(config: OpaqueConfig, path: string, rules: Readonly<Record<string, Rule>>): readonly string[] {
  return Object.entries(rules).flatMap(([key, rule]) => problemOf(config[key], `${path}.${key}`, rule));
}

function problemOf(value: unknown, path: string, rule: Rule): readonly string[] {
  if (value === undefined || value === null) return [];
  if (typeof value !== 'string') return [`${path} must be text that holds JSON`];
  const problem = value.trim() === '' ? undefined : rule(value);
  return problem === undefined ? [] : [`${path} cannot be given to Envoy: ${problem}`];
}
