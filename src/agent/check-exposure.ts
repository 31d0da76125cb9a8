import { type Cell, nodeKey, type ProxySettings } from '../model/index.js';
import type { CheckDefinition } from '../model/definitions/index.js';
import { proxyKey, resolvedProxyCell } from '../mesh/proxy/index.js';
import { type ExposedPlace, exposable } from './exposed-definition.js';
import type { PortRange } from './sidecar.js';

/** A proxy of this node through which the checks of a service go. */
export interface ExposingProxy {
  readonly serviceId: string;
  /** Where its listeners can be reached from this node. */
  readonly address: string;
}

const EVERYWHERE: ReadonlySet<string> = new Set(['', '0.0.0.0', '::', '[::]']);

/** The proxies of a node that expose checks, by their registration or central configuration. Key: the node's name. */
export const exposingProxiesCell: Cell<readonly ExposingProxy[]> = {
  kind: 'exposing-proxies',
  compute: (view, node) =>
    view.range('services', 'byNode', [nodeKey(node)]).flatMap(({ kind, id }) => {
      const proxy =
        kind === 'connect-proxy' ? view.cell(resolvedProxyCell, proxyKey({ node, proxyId: id })) : undefined;
      return proxy === undefined ? [] : exposingProxy({ ...proxy.settings, ...proxy }, proxy.address);
    }),
};

/** A proxy with its central configuration, when it exposes the checks of its service; `address` is its own. */
export function exposingProxy(
  proxy: Pick<ProxySettings, 'expose' | 'config' | 'destinationServiceId'>,
  address: string,
): readonly ExposingProxy[] {
  if (!proxy.expose.checks || proxy.destinationServiceId === '') return [];
  const given = proxy.config['bind_address'];
  const bound = typeof given === 'string' && given !== '' ? given : address;
  return [{ serviceId: proxy.destinationServiceId, address: EVERYWHERE.has(bound) ? '127.0.0.1' : bound }];
}

/**
 * Which checks go through a proxy, and by which port. A check keeps its port as long as it is exposed; no port is given twice.
 */
export class CheckExposure {
  readonly #range: PortRange;
  readonly #warn: (text: string) => void;
  readonly #places = new Map<string, ExposedPlace>();
  /** The port a check has or had, kept for it as long as there is the check. */
  readonly #usualPorts = new Map<string, number>();
  #addresses: ReadonlyMap<string, string> = new Map();

  constructor(range: PortRange, warn: (text: string) => void) {
    this.#range = range;
    this.#warn = warn;
  }

  /** Where a check goes; undefined = straight to the application. */
  placeOf(id: string): ExposedPlace | undefined {
    return this.#places.get(id);
  }

  /** Decides about a check that came or changed; `usualPort` is the one it had before a restart. */
  decide(id: string, definition: CheckDefinition, usedPorts: ReadonlySet<number>, usualPort?: number): void {
    if (usualPort !== undefined) this.#usualPorts.set(id, usualPort);
    const address = exposable(definition) ? this.#addresses.get(definition.serviceId) : undefined;
    const port = address === undefined ? undefined : this.#portOf(id, usedPorts);
    if (address === undefined || port === undefined) {
      this.#places.delete(id);
      return;
    }
    this.#usualPorts.set(id, port);
    this.#places.set(id, { address, port });
  }

  forget(id: string): void {
    this.#places.delete(id);
    this.#usualPorts.delete(id);
  }

  /** Takes note of the proxies there are now. Returns the checks whose place is another than before. */
  learn(
    proxies: readonly ExposingProxy[],
    definitions: ReadonlyMap<string, CheckDefinition>,
    usedPorts: ReadonlySet<number>,
  ): readonly string[] {
    this.#addresses = new Map(proxies.map(({ serviceId, address }) => [serviceId, address]));
    return [...definitions].flatMap(([id, definition]) => {
      const before = this.#places.get(id);
      this.decide(id, definition, usedPorts);
      const now = this.#places.get(id);
      return before?.port === now?.port && before?.address === now?.address ? [] : [id];
    });
  }

  #portOf(id: string, usedPorts: ReadonlySet<number>): number | undefined {
    const others = [...this.#usualPorts].filter(([other]) => other !== id).map(([, port]) => port);
    const taken = new Set([...usedPorts, ...others]);
    const { from, to } = this.#range;
    const usual = this.#usualPorts.get(id) ?? 0;
    if (usual >= from && usual <= to && !taken.has(usual)) return usual;
    for (let port = from; port > 0 && port <= to; port++) if (!taken.has(port)) return port;
    this.#warn(
      `check "${id}" is not exposed: no port is left between ports.expose_min_port ${from} and ports.expose_max_port ${to}`,
    );
    return undefined;
  }
}
