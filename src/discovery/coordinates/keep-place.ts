import { AppError, type Clock, type Coordinate, coordinateProblem, distanceSeconds, moved } from '../../core/index.js';

/** Between the first measurements, until the node knows roughly where it is. */
const FIRST_MS = 500;
const FIRST_MEASUREMENTS = 20;
/** A place is told when this many measurements stand behind it. */
const TOLD_FROM = 3;
/** Between measurements later on; longer in large clusters, where all measure the same few servers. */
const INTERVAL_MS = 15_000;
const MEASUREMENTS_PER_SECOND = 64;
/** Moves that are told: everybody who sorts by distance looks again. */
const TELLING_MOVE_SECONDS = 0.000_5;
const TELLING_ERROR = 0.25;
/** Of so many measurements of one server the smallest counts: the others hold somebody's busy moment. */
const REMEMBERED = 5;

/** Somebody whose distance can be measured. */
export interface Landmark {
  readonly id: string;
}

/** What a measurement yields. */
export interface Measured {
  readonly rttMs: number;
  readonly coordinate: Coordinate;
}

export interface PlaceOptions<Server extends Landmark> {
  /** Where the node was when it was last known. */
  readonly start: Coordinate;
  /** Who can be measured now. */
  readonly servers: () => readonly Server[];
  /** Rejects when the server does not answer. */
  readonly measure: (server: Server) => Promise<Measured>;
  /** Tells the servers where this node is. Rejects when nobody took it: it is told again. */
  readonly tell: (coordinate: Coordinate) => Promise<unknown>;
  readonly nodeCount: () => number;
  readonly clock: Clock;
  /** 0 <= random() < 1. */
  readonly random: () => number;
  readonly debug: (message: string) => void;
}

/**
 * Finds out where this node is in the network: measures the servers, one at a time, and tells where it is when it has moved
 * (consul-behaviour 11.5). All agents do so at times of their own.
 */
export function keepPlace<Server extends Landmark>(
  options: PlaceOptions<Server>,
): { readonly coordinate: () => Coordinate; close(): void } {
  const { clock, random } = options;
  const latest = new Map<string, readonly number[]>();
  let place = options.start;
  let told: Coordinate | undefined;
  let measurements = 0;
  let isClosed = false;
  let cancel = (): void => undefined;

  const measure = async (): Promise<void> => {
    const servers = options.servers();
    const server = servers[Math.floor(random() * servers.length)];
    if (server === undefined) return;
    const { rttMs, coordinate } = await options.measure(server);
    if (coordinateProblem(coordinate) !== undefined) return;
    const known = [...(latest.get(server.id) ?? []), rttMs].slice(-REMEMBERED);
    latest.set(server.id, known);
    for (const id of latest.keys()) if (!servers.some((one) => one.id === id)) latest.delete(id);
    const next = moved(place, coordinate, Math.min(...known) / 1_000, random);
    if (coordinateProblem(next) === undefined) place = next;
    measurements += 1;
  };
  const tell = async (): Promise<void> => {
    if (measurements < TOLD_FROM || (told !== undefined && !isElsewhere(told, place))) return;
    const now = place;
    await options.tell(now);
    told = now;
  };
  const turn = async (): Promise<void> => {
    try {
      await measure();
      await tell();
    } catch (thrown) {
      options.debug(`network coordinates: ${AppError.from(thrown).message}`);
    }
    next();
  };
  const next = (): void => {
    if (isClosed) return;
    const laterMs = Math.max(INTERVAL_MS, (options.nodeCount() / MEASUREMENTS_PER_SECOND) * 1_000);
    const pauseMs = measurements < FIRST_MEASUREMENTS ? FIRST_MS : laterMs;
    cancel = clock.after(Math.ceil(pauseMs * (0.5 + random())), () => void turn());
  };
  next();
  return {
    coordinate: () => place,
    close() {
      isClosed = true;
      cancel();
    },
  };
}

/** Whether a move is worth a word. */
const isElsewhere = (told: Coordinate, now: Coordinate): boolean =>
  distanceSeconds({ ...told, height: 0 }, { ...now, height: 0 }) > TELLING_MOVE_SECONDS ||
  Math.abs(told.height - now.height) > TELLING_MOVE_SECONDS ||
  Math.abs(told.error - now.error) > TELLING_ERROR;
