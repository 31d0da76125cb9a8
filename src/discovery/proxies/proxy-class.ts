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

interface Classes {
  readonly below: Map<string, Classes>;
}

/** Sets of upstreams that were met: two sidecars whose upstreams can be made alike have the same. */
export class UpstreamClasses {
  readonly #root: Classes = { below: new Map() };

  /** Notes these upstreams of a sidecar; whether they are new. Long texts are not joined: their hashes are known. */
  isNew(record: ServiceRecord, upstreams: readonly Upstream[]): boolean {
    let classes = this.#root;
    let isNew = false;
    for (const text of [inboundClass(record), ...upstreams.map(upstreamText), '']) {
      let below = classes.below.get(text);
      if (below === undefined) {
        isNew = true;
        classes.below.set(text, (below = { below: new Map() }));
      }
      classes = below;
    }
    return isNew;
  }
}
