/**
 * Where Envoy gets things from: always the ADS stream. One constant per kind, byte for byte the same everywhere: a second
 * reference with another source hangs the watcher of the first (an `initial_fetch_timeout` counts as another source).
 */
const ads = { ads: {}, resource_api_version: 'V3' } as const;

export const SECRET_SOURCE = ads;
export const EXTENSION_SOURCE = ads;

/** Envoy refuses what does not fit into 64 bits of nanoseconds; nobody waits 292 years. */
const LONGEST_MS = 9_223_372_035_000;

function milliseconds(value: number): { readonly seconds: number; readonly nanos: number } {
  const ms = Math.min(value, LONGEST_MS);
  return { seconds: Math.floor(ms / 1000), nanos: Math.round((ms % 1000) * 1_000_000) };
}

/** Source of endpoints and routes; `xds_fetch_timeout_ms` of the proxy's configuration applies to these only. */
export function fetchSource(fetchTimeoutMs: number | undefined) {
  return fetchTimeoutMs === undefined ? ads : { ...ads, initial_fetch_timeout: milliseconds(fetchTimeoutMs) };
}

/** Milliseconds as `google.protobuf.Duration`. */
export { milliseconds as durationOf };
