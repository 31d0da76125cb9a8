import { AppError } from '../../core/index.js';
import type { BootstrapInput } from './bootstrap-input.js';
import { textSetting } from './proxy-config.js';

/**
 * A bootstrap of the user's own (`envoy_bootstrap_json_tpl`): JSON with `{{ .Name }}` where a value goes. Values are put
 * in as they stand inside JSON text. Throws AppError('invalidArgument') for other template actions and for broken JSON.
 */
export function applyTemplate(template: string, input: BootstrapInput): Readonly<Record<string, unknown>> {
  const values = templateValues(input);
  const text = template.replace(/\{\{-?\s*([\s\S]*?)\s*-?\}\}/g, (action, expression: string) => {
    const name = /^\.([A-Za-z][A-Za-z.]*)$/.exec(expression)?.[1];
    const value = name === undefined ? undefined : values[name];
    if (value !== undefined) return JSON.stringify(value).slice(1, -1);
    throw new AppError(
      'invalidArgument',
      `envoy_bootstrap_json_tpl: ${action} is not understood; only these can be put in: ${Object.keys(values)
        .map((known) => `{{ .${known} }}`)
        .join(', ')}`,
    );
  });
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  } catch (thrown) {
    const why = thrown instanceof Error ? thrown.message : String(thrown);
    throw new AppError('invalidArgument', `envoy_bootstrap_json_tpl does not give JSON: ${why}`);
  }
  throw new AppError('invalidArgument', 'envoy_bootstrap_json_tpl must give one JSON object');
}

function templateValues(input: BootstrapInput): Readonly<Record<string, string>> {
  const { address } = input.xds;
  return {
    ProxyCluster: input.cluster,
    ProxyID: input.proxyId,
    ProxySourceService: input.cluster,
    NodeName: input.nodeName,
    Datacenter: input.datacenter,
    Namespace: input.namespace,
    Partition: input.partition,
    Token: input.token,
    LocalAgentClusterName: 'local_agent',
    AdminAccessLogPath: input.admin.accessLogPath,
    AdminBindAddress: input.admin.host,
    AdminBindPort: String(input.admin.port),
    AgentCAPEM: input.xds.tls?.caPem ?? '',
    'GRPC.AgentAddress': address.type === 'tcp' ? address.host : '',
    'GRPC.AgentPort': address.type === 'tcp' ? String(address.port) : '',
    'GRPC.AgentSocket': address.type === 'unix' ? address.path : '',
    'GRPC.AgentTLS': String(input.xds.tls !== undefined),
    StatsFlushInterval: textSetting(input.config, 'envoy_stats_flush_interval'),
    PrometheusBackendPort: input.prometheus.backendPort,
    PrometheusScrapePath: input.prometheus.scrapePath,
  };
}
