import { AppError, type HostPort, parseHostPort } from '../../core/index.js';
import type { TelemetryOptions } from './option-sections.js';

/** Where figures go and which. */
export interface TelemetryConfig {
  readonly disableHostname: boolean;
  /** Absent = nowhere. */
  readonly dogstatsdAddress?: HostPort;
  readonly dogstatsdTags: readonly string[];
  readonly statsdAddress?: HostPort;
  readonly statsiteAddress?: HostPort;
  readonly enableHostMetrics: boolean;
  readonly metricsPrefix: string;
  /** Prefixes of names that are kept and dropped; the longest that fits decides, then `filterDefault`. */
  readonly allowedPrefixes: readonly string[];
  readonly blockedPrefixes: readonly string[];
  readonly filterDefault: boolean;
  /** False only where `prometheus_retention_time` says so. */
  readonly prometheus: boolean;
  readonly prometheusRetentionMs: number;
}

const PREFIX = /^[A-Za-z_][A-Za-z0-9_.-]{0,63}$/;
const MINUTE_MS = 60_000;

/** The telemetry options with defaults filled in and rules checked. Throws AppError('invalidArgument'). */
export function resolveTelemetry(given: TelemetryOptions): TelemetryConfig {
  const metricsPrefix = given.metricsPrefix || 'consul';
  if (!PREFIX.test(metricsPrefix))
    throw new AppError(
      'invalidArgument',
      `telemetry.metrics_prefix must be a name such as consul, not "${metricsPrefix}"`,
    );
  const filters = given.prefixFilter ?? [];
  for (const filter of filters)
    if (!/^[+-]./.test(filter))
      throw new AppError(
        'invalidArgument',
        `telemetry.prefix_filter: "${filter}" must begin with + (keep) or - (drop), then a prefix of names`,
      );
  const begin = (sign: string): readonly string[] =>
    filters.filter((filter) => filter.startsWith(sign)).map((filter) => filter.slice(1));
  const dogstatsdAddress = address('dogstatsd_addr', given.dogstatsdAddr ?? '');
  const statsiteAddress = address('statsite_address', given.statsiteAddress ?? '');
  const statsdAddress = address('statsd_address', given.statsdAddress ?? '');
  const retentionMs = given.prometheusRetentionTimeMs;
  return {
    disableHostname: given.disableHostname ?? false,
    ...(dogstatsdAddress ? { dogstatsdAddress } : {}),
    dogstatsdTags: given.dogstatsdTags ?? [],
    ...(statsdAddress ? { statsdAddress } : {}),
    ...(statsiteAddress ? { statsiteAddress } : {}),
    enableHostMetrics: given.enableHostMetrics ?? false,
    metricsPrefix,
    allowedPrefixes: begin('+'),
    blockedPrefixes: [`${metricsPrefix}.rpc.server.call`, ...begin('-')],
    filterDefault: given.filterDefault ?? true,
    prometheus: retentionMs === undefined || retentionMs > 0,
    prometheusRetentionMs: retentionMs ?? MINUTE_MS,
  };
}

function address(option: string, given: string): HostPort | undefined {
  const place = parseHostPort(given);
  if (given === '' || place?.host) return place;
  throw new AppError('invalidArgument', `telemetry.${option} must be HOST:PORT, not "${given}"`);
}
