import { AppError } from '../../core/index.js';
import { parseTemplate, renderTemplate } from '../../lang/template/index.js';
import type { BootstrapInput } from './bootstrap-input.js';
import { textSetting } from './proxy-config.js';

type Json = Readonly<Record<string, unknown>>;

/** Parts of the bootstrap as it would be without a template; templates put them in as they are. */
export interface TemplateParts {
  readonly clusters: readonly unknown[];
  readonly listeners: readonly unknown[];
  readonly sinks: readonly unknown[];
  readonly statsConfig: unknown;
  readonly tracing: unknown;
}

/**
 * A bootstrap of the user's own (`envoy_bootstrap_json_tpl`, consul-behaviour.md 6.13): a template that gives JSON, with the fields
 * that Consul's has. Texts are put in as they stand inside JSON text, fields that end in `JSON` as JSON. Throws
 * AppError('invalidArgument') for what is no template and what gives no JSON.
 */
export function applyTemplate(template: string, input: BootstrapInput, parts: TemplateParts): Json {
  let text: string;
  try {
    text = renderTemplate(parseTemplate(template), templateValues(input, parts), (path, value) =>
      path.endsWith('JSON') || typeof value === 'boolean' ? String(value) : JSON.stringify(value).slice(1, -1),
    );
  } catch (thrown) {
    throw new AppError('invalidArgument', `envoy_bootstrap_json_tpl: ${AppError.from(thrown).message}`);
  }
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  } catch (thrown) {
    const why = thrown instanceof Error ? thrown.message : String(thrown);
    throw new AppError('invalidArgument', `envoy_bootstrap_json_tpl does not give JSON: ${why}`);
  }
  throw new AppError('invalidArgument', 'envoy_bootstrap_json_tpl must give one JSON object');
}

function templateValues(input: BootstrapInput, parts: TemplateParts): ReadonlyMap<string, string | boolean> {
  const { admin, xds, prometheus } = input;
  const { address } = xds;
  return new Map<string, string | boolean>([
    ['ProxyCluster', input.cluster],
    ['ProxyID', input.proxyId],
    ['ProxySourceService', input.cluster],
    ['NodeName', input.nodeName],
    ['Datacenter', input.datacenter],
    ['Namespace', input.namespace],
    ['Partition', input.partition],
    ['Token', input.token],
    ['LocalAgentClusterName', 'local_agent'],
    ['AdminAccessLogPath', admin.accessLogPath],
    ['AdminBindAddress', admin.host],
    ['AdminBindPort', String(admin.port)],
    ['AgentCAPEM', xds.tls?.caPem ?? ''],
    ['GRPC.AgentAddress', address.type === 'tcp' ? address.host : ''],
    ['GRPC.AgentPort', address.type === 'tcp' ? String(address.port) : ''],
    ['GRPC.AgentSocket', address.type === 'unix' ? address.path : ''],
    ['GRPC.AgentTLS', xds.tls !== undefined],
    ['StatsFlushInterval', textSetting(input.config, 'envoy_stats_flush_interval')],
    ['PrometheusBackendPort', prometheus.backendPort],
    ['PrometheusScrapePath', prometheus.scrapePath],
    ['PrometheusCAFile', prometheus.caFile],
    ['PrometheusCAPath', prometheus.caPath],
    ['PrometheusCertFile', prometheus.certFile],
    ['PrometheusKeyFile', prometheus.keyFile],
    ['StaticClustersJSON', items(parts.clusters)],
    ['StaticListenersJSON', items(parts.listeners)],
    ['StaticSecretsJSON', ''],
    ['StatsSinksJSON', items(parts.sinks)],
    ['StatsConfigJSON', JSON.stringify(parts.statsConfig)],
    ['TracingConfigJSON', parts.tracing === undefined ? '' : JSON.stringify(parts.tracing)],
  ]);
}

/** As they stand inside a JSON list. */
const items = (list: readonly unknown[]): string => list.map((item) => JSON.stringify(item)).join(',\n');
