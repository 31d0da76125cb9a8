import { AppError } from '../../core/index.js';
import { parseDurationMs } from '../../core/duration.js';
import { jsonSetting, textSetting, type ProxyConfig } from './proxy-config.js';

/** What the tags of a proxy's own statistics say (consul-behaviour.md 6.14). */
export interface StatsSource {
  readonly cluster: string;
  readonly service: string;
  readonly datacenter: string;
  readonly namespace: string;
  readonly partition: string;
}

type Json = Readonly<Record<string, unknown>>;

const LABEL = '[^.]+\\.';
/** The start of a cluster's statistics, up to its first label: a failover member and a customised chain have prefixes. */
const FAILOVER = '^cluster\\.(?:failover-target~\\d+~)?';
const START = `${FAILOVER}(?:[^.~]+~)?`;
const SUBSET = `(?:${LABEL})?`;
const KIND = '(?:internal|external)\\.';
const TRUST_DOMAIN = '[^.]+\\.consul\\.';

/** Parts of `[<hash>~][<subset>.]<service>.<namespace>.<datacenter or peer>.<internal or external>.<trust domain>`. */
const DESTINATION_TAGS: readonly (readonly [name: string, regex: string])[] = [
  ['custom_hash', `${FAILOVER}(([0-9a-f]+)~)`],
  ['service_subset', `${START}(([^.]+)\\.)${LABEL}${LABEL}${LABEL}internal\\.`],
  ['service', `${START}${SUBSET}(([^.]+)\\.)${LABEL}${LABEL}${KIND}`],
  ['namespace', `${START}${SUBSET}${LABEL}(([^.]+)\\.)${LABEL}${KIND}`],
  ['datacenter', `${START}${SUBSET}${LABEL}${LABEL}(([^.]+)\\.)internal\\.`],
  ['peer', `${START}${LABEL}${LABEL}(([^.]+)\\.)external\\.`],
  ['routing_type', `${START}${SUBSET}${LABEL}${LABEL}${LABEL}((internal|external)\\.)`],
  ['trust_domain', `${START}${SUBSET}${LABEL}${LABEL}${LABEL}${KIND}(([^.]+)\\.consul\\.)`],
  ['target', `${FAILOVER}(((?:[^.~]+~)?${SUBSET}${LABEL}${LABEL}[^.]+)\\.${KIND}${TRUST_DOMAIN})`],
  [
    'full_target',
    `${FAILOVER}(((?:[^.~]+~)?${SUBSET}${LABEL}${LABEL}${LABEL}(?:internal|external)\\.[^.]+)\\.consul\\.)`,
  ],
];
/** These had no older spelling. */
const ONLY_NEW = new Set(['peer']);

const UPSTREAM = '^(?:tcp|http)\\.upstream\\.';
const PEERED = '^(?:tcp|http)\\.upstream_peered\\.';

/** Parts of `upstream.<service>.<namespace>.<partition>.<datacenter>` and `upstream_peered.<service>.<namespace>.<peer>`. */
const UPSTREAM_TAGS: readonly (readonly [name: string, regex: string])[] = [
  ['consul.upstream.service', '^(?:tcp|http)\\.upstream(?:_peered)?\\.(([^.]+)\\.)'],
  ['consul.upstream.namespace', `^(?:tcp|http)\\.upstream(?:_peered)?\\.${LABEL}(([^.]+)\\.)`],
  ['consul.upstream.partition', `${UPSTREAM}${LABEL}${LABEL}(([^.]+)\\.)`],
  ['consul.upstream.datacenter', `${UPSTREAM}${LABEL}${LABEL}${LABEL}(([^.]+)\\.)`],
  ['consul.upstream.peer', `${PEERED}${LABEL}${LABEL}(([^.]+)\\.)`],
];

/** `stats_config`: the tags that Consul's dashboards know, and those of `envoy_stats_tags`. */
export function statsConfig(
  source: StatsSource,
  config: ProxyConfig,
  options: { readonly omitDeprecated: boolean },
): unknown {
  const own = jsonSetting(config, 'envoy_stats_config_json');
  if (own !== undefined) return own;
  const tags: Json[] = [
    ...DESTINATION_TAGS.map(([name, regex]) => ({ tag_name: `consul.destination.${name}`, regex })),
    ...(options.omitDeprecated
      ? []
      : DESTINATION_TAGS.filter(([name]) => !ONLY_NEW.has(name)).map(([name, regex]) => ({
          tag_name: `consul.${name}`,
          regex,
        }))),
    ...UPSTREAM_TAGS.map(([name, regex]) => ({ tag_name: name, regex })),
    ...customTags(config),
    { tag_name: 'local_cluster', fixed_value: source.cluster },
    { tag_name: 'consul.source.service', fixed_value: source.service },
    { tag_name: 'consul.source.namespace', fixed_value: source.namespace },
    { tag_name: 'consul.source.partition', fixed_value: source.partition },
    { tag_name: 'consul.source.datacenter', fixed_value: source.datacenter },
  ];
  return { stats_tags: tags, use_all_default_tags: true };
}

function customTags(config: ProxyConfig): readonly Json[] {
  const tags = config['envoy_stats_tags'];
  if (tags === undefined) return [];
  if (!Array.isArray(tags)) throw new AppError('invalidArgument', 'envoy_stats_tags must be a list of name=value');
  return tags.map((tag: unknown) => {
    const text = String(tag);
    const at = text.indexOf('=');
    if (at < 1) throw new AppError('invalidArgument', `envoy_stats_tags: "${text}" must be written name=value`);
    return { tag_name: text.slice(0, at), fixed_value: text.slice(at + 1) };
  });
}

/** `stats_sinks` of `envoy_statsd_url`, `envoy_dogstatsd_url` and `envoy_extra_stats_sinks_json`. */
export function statsSinks(config: ProxyConfig, extra: readonly unknown[]): readonly unknown[] {
  return [
    ...sink(config, 'envoy_statsd_url', 'envoy.stat_sinks.statsd', 'StatsdSink'),
    ...sink(config, 'envoy_dogstatsd_url', 'envoy.stat_sinks.dog_statsd', 'DogStatsdSink'),
    ...extra,
  ];
}

/** Envoy's own limits, in milliseconds. */
const SHORTEST_FLUSH_MS = 1;
const FLUSH_BELOW_MS = 300_000;

/** `envoy_stats_flush_interval`, as Envoy's JSON writes durations; undefined when it is not given. */
export function statsFlushInterval(config: ProxyConfig): string | undefined {
  const text = textSetting(config, 'envoy_stats_flush_interval').trim();
  if (text === '') return undefined;
  const ms = parseDurationMs(text);
  if (ms === undefined || ms < SHORTEST_FLUSH_MS || ms >= FLUSH_BELOW_MS)
    throw new AppError(
      'invalidArgument',
      `envoy_stats_flush_interval: "${text}" must be a duration from 1ms to less than 5m, such as "10s"`,
    );
  return `${ms / 1000}s`;
}

function sink(config: ProxyConfig, key: string, name: string, type: string): readonly Json[] {
  const url = textSetting(config, key);
  if (url === '') return [];
  return [
    {
      name,
      typed_config: { '@type': `type.googleapis.com/envoy.config.metrics.v3.${type}`, address: sinkAddress(url, key) },
    },
  ];
}

function sinkAddress(url: string, key: string): Json {
  const unix = /^unix:\/\/(.+)$/.exec(url);
  if (unix) return { pipe: { path: unix[1] } };
  const udp = /^udp:\/\/(\[[^\]]+\]|[^:/]+):(\d{1,5})$/.exec(url);
  if (!udp) throw new AppError('invalidArgument', `${key}: "${url}" must be written udp://ADDRESS:PORT or unix://PATH`);
  const address = (udp[1] ?? '').replace(/^\[(.*)\]$/, '$1');
  return { socket_address: { address, port_value: Number(udp[2]), protocol: 'UDP' } };
}
