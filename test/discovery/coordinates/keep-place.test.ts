import { describe, expect, it } from 'vitest';
import { AppError, type Coordinate, distanceSeconds, ORIGIN } from '../../../src/core/index.js';
import { keepPlace } from '../../../src/discovery/coordinates/index.js';
import { ManualClock } from '../../agent/support/manual-clock.js';

const CENTRE: Coordinate = { ...ORIGIN, error: 0.1 };

/** A node whose one server is 10 ms away. */
function rig({ rttMs = () => 10, nodes = 3 }: { rttMs?: () => number; nodes?: number } = {}) {
  const clock = new ManualClock();
  const told: Coordinate[] = [];
  const state = { isAway: false, isRefused: false, measured: 0, coordinate: CENTRE };
  const place = keepPlace({
    start: ORIGIN,
    servers: () => [{ id: 's1' }],
    async measure() {
      state.measured += 1;
      if (state.isAway) throw new AppError('unavailable', 'nobody is there');
      return { rttMs: rttMs(), coordinate: state.coordinate };
    },
    async tell(coordinate) {
      if (state.isRefused) throw new AppError('busy', 'too many');
      told.push(coordinate);
    },
    nodeCount: () => nodes,
    clock,
    random: () => 0.5,
    debug: () => undefined,
  });
  return { clock, told, state, place };
}

describe('where a node is in the network', () => {
  it('is known within half a minute, told, and not told again while it stays there', async () => {
    const { clock, told, place } = rig();
    await clock.advance(30_000);
    expect(distanceSeconds(place.coordinate(), CENTRE)).toBeCloseTo(0.01, 3);
    const soon = told.length;
    expect(soon).toBeGreaterThan(0);
    await clock.advance(600_000);
    expect(told.length - soon).toBeLessThanOrEqual(1);
  });

  it('is measured often at first, then every 15 s, and more rarely in a large cluster', async () => {
    for (const [nodes, afterwards] of [
      [3, 40],
      [6_400, 6],
    ] as const) {
      const { clock, state } = rig({ nodes });
      await clock.advance(25_000);
      const first = state.measured;
      expect(first).toBeGreaterThanOrEqual(20);
      await clock.advance(600_000);
      expect(Math.abs(state.measured - first - afterwards)).toBeLessThanOrEqual(1);
    }
  });

  it('does not follow a single slow answer', async () => {
    let isSlow = false;
    const { clock, place } = rig({ rttMs: () => (isSlow ? 900 : 10) });
    await clock.advance(60_000);
    isSlow = true;
    await clock.advance(15_000);
    expect(distanceSeconds(place.coordinate(), CENTRE)).toBeCloseTo(0.01, 3);
  });

  it('is measured and told again when nobody was there, or nobody took it', async () => {
    const { clock, told, state } = rig();
    state.isAway = true;
    await clock.advance(30_000);
    expect(told).toEqual([]);
    state.isAway = false;
    state.isRefused = true;
    await clock.advance(30_000);
    state.isRefused = false;
    await clock.advance(30_000);
    expect(told.length).toBeGreaterThan(0);
  });

  it('is not moved by a server whose place is none', async () => {
    const { clock, place, state } = rig();
    state.coordinate = { ...CENTRE, vec: [Number.NaN] };
    await clock.advance(30_000);
    expect(place.coordinate()).toEqual(ORIGIN);
  });

  it('is not measured any more when it is closed', async () => {
    const { clock, place } = rig();
    place.close();
    expect(clock.pending).toBe(0);
  });
});
