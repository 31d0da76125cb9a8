/** A proxy that is connected to this server. */
export interface ConnectedProxy {
  readonly node: string;
  readonly proxyId: string;
  /** The service it speaks for. */
  readonly service: string;
  /** What its Envoy says of itself, `1.36.2`; empty when it does not, or is none. */
  readonly envoyVersion: string;
}

/** Proxies as a sentence names them: the first few, and how many more there are. */
export function namedProxies(proxies: readonly Pick<ConnectedProxy, 'node' | 'proxyId'>[]): string {
  const MOST = 5;
  const names = proxies.slice(0, MOST).map(({ node, proxyId }) => `"${proxyId}" of node "${node}"`);
  const more = proxies.length - names.length;
  return `${names.join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
}
