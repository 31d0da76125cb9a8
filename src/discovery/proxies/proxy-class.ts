import { canonicalJson } from '../../core/index.js';
import type { ProxySettings, ServiceRecord, Upstream } from '../../model/index.js';

/** A text for each object, worked out once. */
function remembered<Of extends object>(textOf: (one: Of) => string): (one: Of) => string {
  const known = new WeakMap<Of, string>();
  return (one) => {
    const found = known.get(one);
    if (found !== undefined) return found;
    const made = textOf(one);
    known.set(one, made);
    return made;
  };
}

const wholeText = remembered((settings: ProxySettings) => canonicalJson(settings));

const textWithoutPlaces = remembered((settings: ProxySettings) => {
  const { upstreams: _upstreams, localServicePort: _port, destinationServiceId: _id, ...rest } = settings;
  return canonicalJson(rest);
});

const upstreamText = remembered((upstream: Upstream) => {
  const { localBindAddress: _address, localBindPort: _port, localBindSocketPath: _path, ...rest } = upstream;
  return canonicalJson(rest);
});

/** What decides whether a sidecar's configuration can be made: two sidecars of one class differ in their places only. */
export const proxyClass = ({ proxy }: ServiceRecord): string => (proxy ? wholeText(proxy) : '');

/** What decides whether what a sidecar opens for others can be made: its upstreams have no part in that. */
export const inboundClass = ({ proxy }: ServiceRecord): string => (proxy ? textWithoutPlaces(proxy) : '');

/** What decides whether these upstreams of a sidecar can be made. */
export function upstreamsClass(record: ServiceRecord, upstreams: readonly Upstream[]): string {
  return [inboundClass(record), ...upstreams.map(upstreamText)].join('\n');
}
