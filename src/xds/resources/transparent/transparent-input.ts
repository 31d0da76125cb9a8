import { jsonKey } from '../../../core/index.js';
import { type MeshGatewayMode, callsService } from '../../../model/index.js';
import type { ResolvedProxy } from '../../../mesh/proxy/index.js';
import { type UpstreamSettings, upstreamSettings } from '../upstreams/upstream-settings.js';

const DEFAULT_PORT = 15_001;

/** All that the outbound side of a transparent sidecar depends on besides the state: sidecars that agree in it share it. */
export interface TransparentInput extends UpstreamSettings {
  readonly service: string;
  readonly datacenter: string;
  readonly ownMeshGatewayMode: MeshGatewayMode;
  /** Where redirected connections arrive, on the loopback address. */
  readonly port: number;
  /** There as well on the loopback address of IPv6. */
  readonly ipv6?: true;
  /** Extensions of the proxy apply to its chains. */
  readonly extended?: true;
  /** Services that have an upstream in the registration: they are called there, and only there. */
  readonly explicit: readonly string[];
}

/** The outbound side of a sidecar in transparent mode; undefined in any other mode. */
export function transparentInput(proxy: ResolvedProxy): TransparentInput | undefined {
  const { settings, service, datacenter, ownMeshGatewayMode } = proxy;
  if (settings.mode !== 'transparent') return undefined;
  const explicit = settings.upstreams
    .filter((upstream) => {
      const { destinationPeer, datacenter: elsewhere } = upstream;
      return callsService(upstream) && destinationPeer === '' && ['', datacenter].includes(elsewhere);
    })
    .map(({ destinationName }) => destinationName);
  return {
    service,
    datacenter,
    ownMeshGatewayMode,
    port: settings.transparentProxy?.outboundListenerPort || DEFAULT_PORT,
    explicit: [...new Set(explicit)].sort(),
    ...(proxy.ipv6 ? { ipv6: true as const } : {}),
    ...(settings.envoyExtensions?.length ? { extended: true as const } : {}),
    ...upstreamSettings(proxy),
  };
}

/** Key of the cells of an outbound side. */
export const transparentKey = (input: TransparentInput): string => jsonKey(input);
