import type { BootstrapInput, XdsTls } from './bootstrap-input.js';
import { staticListeners } from './bootstrap-listeners.js';
import { statsConfig, statsFlushInterval, statsSinks } from './bootstrap-stats.js';
import { telemetryCollector } from './bootstrap-telemetry.js';
import { type TemplateParts, applyTemplate } from './bootstrap-template.js';
import { jsonListSetting, jsonSetting, textSetting } from './proxy-config.js';

type Json = Readonly<Record<string, unknown>>;

const XDS_CLUSTER = 'local_agent';
const TYPE = 'type.googleapis.com/envoy.extensions';
/** Programs of user regexes may be large; Envoy's own limit of 100 would refuse what the control plane has accepted. */
const RE2_LARGEST_PROGRAM = 1_048_576;

/**
 * The bootstrap of a proxy, as Envoy's JSON. Pure: the same input gives the same object.
 * Throws AppError('invalidArgument') that names the key of the proxy's configuration that is wrong.
 */
export function buildBootstrap(input: BootstrapInput): Json {
  const template = textSetting(input.config, 'envoy_bootstrap_json_tpl');
  const parts = partsOf(input);
  return template === '' ? standardBootstrap(input, parts) : applyTemplate(template, input, parts);
}

function partsOf(input: BootstrapInput): TemplateParts {
  const { config } = input;
  const fixed = staticListeners(config, input.prometheus, input.ready, input.admin);
  const telemetry = telemetryCollector(input);
  return {
    listeners: [...fixed.listeners, ...jsonListSetting(config, 'envoy_extra_static_listeners_json')],
    clusters: [
      ...fixed.clusters,
      ...jsonListSetting(config, 'envoy_extra_static_clusters_json'),
      ...telemetry.clusters,
    ],
    sinks: statsSinks(config, [...jsonListSetting(config, 'envoy_extra_stats_sinks_json'), ...telemetry.sinks]),
    statsConfig: statsConfig(
      {
        cluster: input.cluster,
        service: input.cluster,
        datacenter: input.datacenter,
        namespace: input.namespace,
        partition: input.partition,
      },
      config,
      { omitDeprecated: input.omitDeprecatedTags },
    ),
    tracing: jsonSetting(config, 'envoy_tracing_json'),
  };
}

function standardBootstrap(input: BootstrapInput, parts: TemplateParts): Json {
  const { listeners, sinks, tracing } = parts;
  const clusters = [xdsCluster(input), ...parts.clusters];
  const flushInterval = statsFlushInterval(input.config);
  return {
    admin: adminInterface(input),
    node: node(input),
    layered_runtime: {
      layers: [{ name: 'base', static_layer: { 're2.max_program_size.error_level': RE2_LARGEST_PROGRAM } }],
    },
    static_resources: { clusters, ...(listeners.length === 0 ? {} : { listeners }) },
    stats_config: parts.statsConfig,
    ...(sinks.length === 0 ? {} : { stats_sinks: sinks }),
    ...(flushInterval === undefined ? {} : { stats_flush_interval: flushInterval }),
    ...(tracing === undefined ? {} : { tracing }),
    dynamic_resources: dynamicResources(input.token),
  };
}

function adminInterface({ admin }: BootstrapInput): Json {
  return {
    access_log: [
      {
        name: 'envoy.access_loggers.file',
        typed_config: { '@type': `${TYPE}.access_loggers.file.v3.FileAccessLog`, path: admin.accessLogPath },
      },
    ],
    address: { socket_address: { address: admin.host, port_value: admin.port } },
  };
}

/** The server takes the identity from here; `meshwright_drain_time_s`, text like all it reads, lets it say when revoked connections end. */
function node(input: BootstrapInput): Json {
  return {
    id: input.proxyId,
    cluster: input.cluster,
    metadata: {
      namespace: input.namespace,
      partition: input.partition,
      ...(input.nodeName === '' ? {} : { node_name: input.nodeName }),
      ...(input.drainTimeS === undefined ? {} : { meshwright_drain_time_s: String(input.drainTimeS) }),
    },
  };
}

/** Delta ADS with what makes it cheap and quick to come back (envoy-facts.md 2, 13). */
function dynamicResources(token: string): Json {
  const source = { ads: {}, initial_fetch_timeout: '0s', resource_api_version: 'V3' };
  return {
    lds_config: source,
    cds_config: source,
    ads_config: {
      api_type: 'DELTA_GRPC',
      transport_api_version: 'V3',
      set_node_on_first_message_only: true,
      grpc_services: [
        {
          envoy_grpc: {
            cluster_name: XDS_CLUSTER,
            retry_policy: { retry_back_off: { base_interval: '0.5s', max_interval: '5s' } },
          },
          initial_metadata: [{ key: 'x-consul-token', value: token }],
        },
      ],
    },
  };
}

function xdsCluster({ xds }: BootstrapInput): Json {
  const address =
    xds.address.type === 'unix'
      ? { pipe: { path: xds.address.path } }
      : { socket_address: { address: xds.address.host, port_value: xds.address.port } };
  return {
    name: XDS_CLUSTER,
    ignore_health_on_host_removal: false,
    connect_timeout: '1s',
    type: xds.address.type === 'tcp' && !isIpAddress(xds.address.host) ? 'STRICT_DNS' : 'STATIC',
    typed_extension_protocol_options: {
      'envoy.extensions.upstreams.http.v3.HttpProtocolOptions': {
        '@type': `${TYPE}.upstreams.http.v3.HttpProtocolOptions`,
        explicit_http_config: {
          http2_protocol_options: { connection_keepalive: { interval: '30s', timeout: '20s' } },
        },
      },
    },
    load_assignment: { cluster_name: XDS_CLUSTER, endpoints: [{ lb_endpoints: [{ endpoint: { address } }] }] },
    ...(xds.tls === undefined ? {} : { transport_socket: xdsTls(xds.tls) }),
  };
}

function xdsTls(tls: XdsTls): Json {
  return {
    name: 'tls',
    typed_config: {
      '@type': `${TYPE}.transport_sockets.tls.v3.UpstreamTlsContext`,
      common_tls_context: {
        validation_context: {
          trusted_ca: { inline_string: tls.caPem },
          ...(tls.identityPrefix === ''
            ? {}
            : { match_typed_subject_alt_names: [{ san_type: 'URI', matcher: { prefix: tls.identityPrefix } }] }),
        },
      },
      ...(tls.serverName === '' ? {} : { sni: tls.serverName }),
    },
  };
}

const isIpAddress = (host: string): boolean => /^\d{1,3}(?:\.\d{1,3}){3}$/.test(host) || host.includes(':');
