import { type EnvoyMessages, packAny } from '../envoy-api/index.js';
import type { NamedFilter } from './http-connection-manager.js';

type ListenerFilter = NonNullable<EnvoyMessages['envoy.config.listener.v3.Listener']['listener_filters']>[number];

/** Tells where a redirected connection was going, so that filter chains can be chosen by it. */
export function originalDestinationFilter(): NamedFilter {
  return {
    name: 'envoy.filters.listener.original_dst',
    typed_config: packAny('envoy.extensions.filters.listener.original_dst.v3.OriginalDst', {}),
  };
}

/** Tells TLS from everything else, and which server name is asked for. Waits for the caller to speak. */
export function tlsInspector(): NamedFilter {
  return {
    name: 'envoy.filters.listener.tls_inspector',
    typed_config: packAny('envoy.extensions.filters.listener.tls_inspector.v3.TlsInspector', {}),
  };
}

/** Tells HTTP from everything else. Waits for the caller to speak. */
export function httpInspector(): NamedFilter {
  return {
    name: 'envoy.filters.listener.http_inspector',
    typed_config: packAny('envoy.extensions.filters.listener.http_inspector.v3.HttpInspector', {}),
  };
}

/**
 * A filter that waits for the caller to speak, for these ports only: everywhere else the application at the other end may be the
 * one that speaks first.
 */
export function onlyAtPorts(filter: NamedFilter, ports: readonly number[]): ListenerFilter {
  const rules = ports.map((port) => ({ destination_port_range: { start: port, end: port + 1 } }));
  const [only] = rules;
  const here = rules.length === 1 && only ? only : { or_match: { rules } };
  return { ...filter, filter_disabled: { not_match: here } };
}
