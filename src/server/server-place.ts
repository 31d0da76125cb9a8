import type { ClusterServer } from '../cluster/index.js';
import { type Clock, type Coordinate, ORIGIN } from '../core/index.js';
import { type CoordinateWriter, keepPlace } from '../discovery/coordinates/index.js';
import { coordinateKey } from '../model/index.js';
import type { StateStore } from '../state/index.js';

/** The trust in the place of a server that has nobody to measure: all others are placed around it. */
const CENTRE_ERROR = 0.1;

/** Where a server of a cluster is in the network: measured against the other servers, written into the state, told to agents. */
export function createServerPlace(parts: {
  readonly node: string;
  readonly store: StateStore;
  readonly peers: Pick<ClusterServer['peers'], 'all' | 'self' | 'measure'>;
  readonly coordinates: Pick<CoordinateWriter, 'update'>;
  readonly clock: Clock;
  readonly debug: (message: string) => void;
}): { readonly coordinate: () => Coordinate; close(): void } {
  const { node, store, peers, coordinates, clock, debug } = parts;
  const others = () => peers.all().filter(({ id }) => id !== peers.self().id);
  const place = keepPlace({
    start: store.view.get('coordinates', coordinateKey(node, ''))?.coordinate ?? ORIGIN,
    servers: others,
    measure: (peer) => peers.measure(peer),
    tell: (coordinate) => Promise.resolve(coordinates.update(node, '', coordinate)),
    nodeCount: () => others().length,
    clock,
    random: Math.random,
    debug,
  });
  return {
    close: place.close,
    coordinate: () => (others().length === 0 ? { ...place.coordinate(), error: CENTRE_ERROR } : place.coordinate()),
  };
}
