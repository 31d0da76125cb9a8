import { hostname } from 'node:os';
import type { TelemetryConfig } from '../agent/config/index.js';
import { createStatsd, createStatsite, type MetricsOptions } from '../telemetry/index.js';

/** Where the figures of this process go, as the configuration says. */
export function metricsOptionsOf(config: TelemetryConfig, onProblem: (message: string) => void): MetricsOptions {
  const { statsdAddress, statsiteAddress, dogstatsdAddress, dogstatsdTags } = config;
  return {
    metricsPrefix: config.metricsPrefix,
    allowedPrefixes: config.allowedPrefixes,
    blockedPrefixes: config.blockedPrefixes,
    filterDefault: config.filterDefault,
    hostname: config.disableHostname ? '' : hostname(),
    prometheus: config.prometheus,
    statsd: [
      ...(statsdAddress ? [createStatsd({ address: statsdAddress, onProblem })] : []),
      ...(statsiteAddress ? [createStatsite({ address: statsiteAddress, onProblem })] : []),
      ...(dogstatsdAddress ? [createStatsd({ address: dogstatsdAddress, tags: dogstatsdTags, onProblem })] : []),
    ],
  };
}
