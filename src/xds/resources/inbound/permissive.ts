import type { ResolvedProxy } from '../../../mesh/proxy/index.js';
import type { EnvoyMessages } from '../../envoy-api/index.js';
import { durationOf } from '../config-sources.js';
import { originalDestinationFilter, tlsInspector } from '../listener-filters.js';
import { tcpProxy } from '../upstreams/upstream-filter.js';

type Listener = EnvoyMessages['envoy.config.listener.v3.Listener'];
type FilterChain = NonNullable<Listener['filter_chains']>[number];

/** How long a caller that says nothing is waited for where TLS must be told from everything else. */
const SILENCE_MS = 1000;

/** Why a proxy that is to let callers in without certificates does not; undefined when it does, or is not to. */
export function permissiveProblem({ settings }: ResolvedProxy, hasOwnListener: boolean): string | undefined {
  if (settings.mutualTlsMode !== 'permissive') return undefined;
  const without = 'mutual TLS mode "permissive" has no effect, only callers with a certificate are let in';
  if (settings.mode !== 'transparent') return `${without}: the proxy is not in transparent mode`;
  if (settings.localServicePort === 0) return `${without}: the application is not at a port (local_service_port)`;
  return hasOwnListener ? `${without}: envoy_public_listener_json takes the place of the listener` : undefined;
}

/**
 * The chains of a public listener, those for callers without certificates included (consul-behaviour 6.3): connections that were
 * going to the application's own port before they were redirected here are passed on as they are, without intentions. Whatever
 * comes to the proxy's own port needs a certificate as always. Just `strict` unless the proxy is transparent and permissive.
 */
export function inboundChains(proxy: ResolvedProxy, strict: FilterChain, statPrefix: string): FilterChain[] {
  if (!isPermissive(proxy)) return [strict];
  const { settings, accessLogs } = proxy;
  const atPort = { destination_port: { value: settings.localServicePort } };
  const filters = [tcpProxy(`permissive_${statPrefix}`, 'local_app', accessLogs)];
  if (!isDialledDirectly(proxy)) return [strict, { filter_chain_match: atPort, filters }];
  // Once a port has a chain, Envoy looks at no chain for all ports any more: TLS at this port needs one, too.
  const plain = { filter_chain_match: { ...atPort, transport_protocol: 'raw_buffer' }, filters };
  return [strict, { ...strict, filter_chain_match: atPort }, plain];
}

/**
 * What the listener must do to choose among them. The mesh calls an instance that may be dialled directly at the application's
 * port, too: there TLS must be told from everything else, and callers who wait for the application to speak first are not kept.
 */
export function permissiveFields(proxy: ResolvedProxy): Listener {
  if (!isPermissive(proxy)) return {};
  if (!isDialledDirectly(proxy)) return { listener_filters: [originalDestinationFilter()] };
  return {
    listener_filters: [originalDestinationFilter(), tlsInspector()],
    listener_filters_timeout: durationOf(SILENCE_MS),
    continue_on_listener_filters_timeout: true,
  };
}

const isDialledDirectly = ({ settings }: ResolvedProxy): boolean => settings.transparentProxy?.dialedDirectly === true;

function isPermissive({ settings }: ResolvedProxy): boolean {
  return settings.mutualTlsMode === 'permissive' && settings.mode === 'transparent' && settings.localServicePort > 0;
}
