import { type ServerLink, type ServerPeer } from '../cluster/index.js';
import { type Clock, type Coordinate, ORIGIN } from '../core/index.js';
import { keepPlace } from '../discovery/coordinates/index.js';
import type { AskServers } from './catalog/ask-servers.js';

export interface OwnPlaceOptions {
  readonly link: Pick<ServerLink, 'measure' | 'servers$'>;
  readonly ask: AskServers;
  readonly node: string;
  readonly datacenter: string;
  readonly nodeCount: () => number;
  readonly clock: Clock;
  /** 0 <= random() < 1. */
  readonly random: () => number;
  readonly debug: (message: string) => void;
}

/** Where a client agent is in the network: measured against its servers, and told to them with `coordinate/update`. */
export function createOwnPlace(options: OwnPlaceOptions): { readonly coordinate: () => Coordinate; close(): void } {
  const { link, ask, node, datacenter } = options;
  let servers: readonly ServerPeer[] = [];
  const subscription = link.servers$.subscribe((known) => {
    servers = known;
  });
  const place = keepPlace<ServerPeer>({
    ...options,
    start: ORIGIN,
    servers: () => servers,
    measure: (server) => link.measure(server),
    tell: ({ vec, error, adjustment, height }) =>
      ask({
        method: 'PUT',
        path: '/v1/coordinate/update',
        body: {
          Datacenter: datacenter,
          Node: node,
          Coord: { Vec: vec, Error: error, Adjustment: adjustment, Height: height },
        },
      }),
  });
  return {
    coordinate: place.coordinate,
    close() {
      place.close();
      subscription.unsubscribe();
    },
  };
}
