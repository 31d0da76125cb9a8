import type { AccessLogSettings } from '../../../model/index.js';
import type { ResolvedProxy } from '../../../mesh/proxy/index.js';
import { configText, positiveConfigNumber } from '../opaque-config.js';

/** What a proxy's own configuration adds to each of its upstreams. */
export interface UpstreamSettings {
  /** `xds_fetch_timeout_ms`. */
  readonly fetchTimeoutMs?: number;
  readonly accessLogs?: AccessLogSettings;
  /** `envoy_listener_tracing_json`. */
  readonly tracingJson?: string;
  /** The proxy runs an Envoy 1.x of this minor version, which knows less than the newest. */
  readonly formatsUpTo?: number;
}

/** The settings that a proxy has for its upstreams; what is not set is absent, so that alike proxies share what they call. */
export function upstreamSettings({ config, accessLogs, formatsUpTo }: ResolvedProxy): UpstreamSettings {
  // Zero would mean to Envoy: wait for ever (envoy-facts 0.13).
  const fetchTimeoutMs = positiveConfigNumber(config, 'xds_fetch_timeout_ms');
  const tracingJson = configText(config, 'envoy_listener_tracing_json');
  return {
    ...(fetchTimeoutMs === undefined ? {} : { fetchTimeoutMs }),
    ...(accessLogs?.enabled ? { accessLogs } : {}),
    ...(tracingJson === '' ? {} : { tracingJson }),
    ...(formatsUpTo === undefined ? {} : { formatsUpTo }),
  };
}
