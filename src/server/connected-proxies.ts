import type { ConnectedProxy } from '../discovery/proxies/index.js';
import type { Propagation } from '../xds/server/index.js';

/** The Envoys that are connected to this server, as far as entries have to know of them. */
export function connectedProxies(propagation: Propagation): readonly ConnectedProxy[] {
  return propagation
    .connected()
    .filter(({ userAgent }) => userAgent === 'envoy')
    .map(({ node, proxyId, service, version }) => ({ node, proxyId, service, envoyVersion: version }));
}
