import { describe, expect, it } from 'vitest';
import type { ServerPeer } from '../../../src/cluster/index.js';
import { ServerChoice } from '../../../src/cluster/link/server-choice.js';
import { type JoinWish, ServerSearch } from '../../../src/cluster/link/server-search.js';
import { Timers } from '../../../src/cluster/link/timers.js';
import { AppError } from '../../../src/core/index.js';
import { ManualClock } from '../../agent/support/manual-clock.js';
import { peerOf } from '../support/server-peer.js';

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** A search among servers that take the heartbeat when they are `up`. */
function searchAmong(servers: readonly ServerPeer[], join: Partial<JoinWish> = {}) {
  const clock = new ManualClock();
  const choice = new ServerChoice(() => 0.5);
  const up = new Set<string>();
  /** Those that answer although they do not take the heartbeat. */
  const there = new Set<string>();
  const [tried, gaveUp, gone]: [string[], string[], string[]] = [[], [], []];
  let holder: ServerPeer | undefined;
  let hasJoined = false;
  let lastProblem = '';
  const search = new ServerSearch({
    join: { addresses: servers.map(({ address }) => address), intervalMs: 30_000, max: 0, ...join },
    choice,
    timers: new Timers(clock),
    resolve: async (host) => [host],
    random: () => 0.5,
    holder: () => holder,
    hasJoined: () => hasJoined,
    whoAnswers: async (addresses) => addresses.filter((address) => up.has(address) || there.has(address)),
    isGone: (address) => gone.push(address),
    async moveTo(address) {
      tried.push(address);
      if (!up.has(address)) throw new AppError('unavailable', `${address} is not reached`);
      holder = servers.find((server) => server.address === address);
      hasJoined = true;
      choice.learn(servers);
    },
    onProblem: ({ message }) => (lastProblem = message),
    lastProblem: () => lastProblem,
    onGiveUp: ({ message }) => gaveUp.push(message),
  });
  const pass = async (ms: number): Promise<void> => {
    await clock.advance(ms);
    await turn();
  };
  const lose = (): void => {
    holder = undefined;
    search.wake();
  };
  return { search, choice, up, there, tried, gone, gaveUp, pass, lose, holder: () => holder?.name };
}

describe('the search for a server', () => {
  it('tries every address in a round, and begins anew an interval later until one answers', async () => {
    const { search, up, tried, pass, holder } = searchAmong([peerOf('a'), peerOf('b')]);
    void search.run();
    await turn();
    expect(tried.splice(0)).toEqual(['a:8300', 'b:8300']);
    up.add('b:8300');
    await pass(29_999);
    expect(tried).toEqual([]);
    await pass(1);
    expect([tried, holder()]).toEqual([['a:8300', 'b:8300'], 'b']);
    search.close();
  });

  it('gives up after so many rounds, in the words of the last problem', async () => {
    const { search, gaveUp, pass } = searchAmong([peerOf('a')], { max: 2 });
    const over = search.run();
    await turn();
    expect(gaveUp).toEqual([]);
    await pass(30_000);
    await over;
    expect(gaveUp).toEqual(['no server was joined in 2 attempts: a:8300 is not reached']);
  });

  it('never gives up once a server was joined, and is in less of a hurry after each round in which all refuse', async () => {
    const { search, up, there, tried, gaveUp, pass, lose } = searchAmong([peerOf('a')], { max: 1 });
    up.add('a:8300');
    void search.run();
    await turn();
    up.clear();
    there.add('a:8300');
    tried.length = 0;
    lose();
    await turn();
    for (const pauseMs of [1000, 2000, 3000]) {
      expect(tried.splice(0)).toEqual(['a:8300']);
      await pass(pauseMs - 1);
      expect(tried).toEqual([]);
      await pass(1);
    }
    expect(gaveUp).toEqual([]);
    search.close();
  });

  it('looks every second whether one that it lost answers again, and tries none that does not', async () => {
    const { search, up, tried, gone, pass, lose, holder } = searchAmong([peerOf('a'), peerOf('b')]);
    up.add('a:8300');
    void search.run();
    await turn();
    up.clear();
    tried.length = 0;
    lose();
    await turn();
    expect(new Set(gone)).toEqual(new Set(['a:8300', 'b:8300']));
    for (let seconds = 0; seconds < 60; seconds += 1) await pass(1000);
    expect(tried).toEqual([]);
    up.add('b:8300');
    await pass(1000);
    expect([tried, holder()]).toEqual([['b:8300'], 'b']);
    search.close();
  });

  it('leaves the heartbeat where it is until the server drains', async () => {
    const [a, b] = [peerOf('a'), peerOf('b')];
    const { search, choice, up, tried, holder } = searchAmong([a, b]);
    up.add('a:8300').add('b:8300');
    void search.run();
    await turn();
    search.wake();
    await turn();
    expect([tried, holder()]).toEqual([['a:8300'], 'a']);
    choice.learn([{ ...a, draining: true }, b]);
    search.wake();
    await turn();
    expect([tried, holder()]).toEqual([['a:8300', 'b:8300'], 'b']);
    search.close();
  });

  it('goes on at once with addresses that are added', async () => {
    const { search, up, holder } = searchAmong([peerOf('a')], { addresses: [] });
    up.add('a:8300');
    void search.run();
    await turn();
    search.add(['a:8300']);
    await turn();
    expect(holder()).toBe('a');
    search.close();
  });
});
