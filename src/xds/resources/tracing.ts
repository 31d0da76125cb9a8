import type { EnvoyMessages } from '../envoy-api/index.js';
import { parseMessage } from './escape-hatch.js';

type Manager = EnvoyMessages['envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager'];

export type Tracing = NonNullable<Manager['tracing']>;

const TRACING = 'envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager.Tracing';

/** No request is sampled unless its caller asked for it. */
const OFF: Tracing = { random_sampling: { value: 0 } };

/** Tracing of HTTP listeners from `envoy_listener_tracing_json`, and what is wrong with that when it is left out. */
export function tracingOf(json: string | undefined): { readonly tracing: Tracing; readonly problem?: string } {
  if (json === undefined || json.trim() === '') return { tracing: OFF };
  const parsed = parseMessage(json, TRACING);
  if ('message' in parsed) return { tracing: parsed.message };
  return { tracing: OFF, problem: `envoy_listener_tracing_json is ignored: ${parsed.problem}` };
}
