import { describe, expect, test } from 'vitest';
import { createDuties, type Duties } from '../../src/cluster/index.js';
import { AppError } from '../../src/core/index.js';
import { createMemoryLiveArea, type Duty, type DutyFence, type LiveArea } from '../../src/state/index.js';
import { ManualClock } from '../state/support/manual-clock.js';
import { SharedLiveArea } from './support/shared-live-area.js';

const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

class Mesh {
  readonly clock = new ManualClock();
  readonly live = new SharedLiveArea();
  /** What happened, in order. */
  readonly log: string[] = [];

  server(name: string, live: LiveArea = this.live.server(name)): Duties {
    const transact = (what: string, _run: unknown, fence?: DutyFence): Promise<never> => {
      if (!fence || !this.live.holds(fence)) return Promise.reject(new AppError('conflict', 'refused by the engine'));
      this.log.push(`${name} writes ${what}`);
      return Promise.resolve({ result: undefined, index: 1 } as never);
    };
    const warn = (message: string): void => void this.log.push(message);
    return createDuties({ live, store: { transact }, server: name, clock: this.clock, warn });
  }

  /** Takes the duty and notes when it begins and ends. */
  take(duties: Duties, name: string, duty = 'sweep'): { readonly giveUp: () => void; duty: Duty | undefined } {
    const taken: { giveUp: () => void; duty: Duty | undefined } = { giveUp: () => undefined, duty: undefined };
    taken.giveUp = duties.take(duty, (held) => {
      taken.duty = held;
      this.log.push(`${name} begins`);
      return () => void this.log.push(`${name} ends`);
    });
    return taken;
  }
}

describe('duties', () => {
  test('are always held by a server that is alone', async () => {
    const mesh = new Mesh();
    const duties = mesh.server('one', createMemoryLiveArea());
    const taken = mesh.take(duties, 'one');
    await settle();
    expect(duties.held).toEqual(['sweep']);
    expect(taken.duty?.isHeld).toBe(true);
    expect(duties.holders()).toMatchObject([{ duty: 'sweep', server: 'one' }]);
    duties.close();
    expect(mesh.log).toEqual(['one begins', 'one ends']);
    expect(taken.duty?.isHeld).toBe(false);
  });

  test('are held by one of several servers, and every server knows by whom', async () => {
    const mesh = new Mesh();
    const servers = ['one', 'two', 'three'].map((name) => mesh.server(name));
    for (const [at, duties] of servers.entries()) mesh.take(duties, String(at));
    await settle();
    mesh.clock.advance(60_000);
    await settle();
    expect(mesh.log).toEqual(['0 begins']);
    for (const duties of servers) expect(duties.holders()).toMatchObject([{ duty: 'sweep', server: 'one' }]);
    expect(servers.map(({ held }) => held.length)).toEqual([1, 0, 0]);
  });

  test('go to another server at once when the holder’s lease is over', async () => {
    const mesh = new Mesh();
    mesh.take(mesh.server('one'), 'one');
    mesh.take(mesh.server('two'), 'two');
    await settle();
    mesh.live.expire('one');
    await settle();
    expect(mesh.log.slice(0, 2)).toEqual(['one begins', 'one ends']);
    expect(mesh.log.filter((line) => line.endsWith('begins'))).toHaveLength(2);
  });

  test('are given up by a holder that is out of touch, before anybody else has them, and go on when it was nothing', async () => {
    const mesh = new Mesh();
    const taken = mesh.take(mesh.server('one'), 'one');
    await settle();
    const former = taken.duty as Duty;
    mesh.live.outOfTouch('one');
    expect(mesh.log).toEqual(['one begins', 'one ends']);
    await expect(former.transact('late', () => undefined)).rejects.toMatchObject({ code: 'conflict' });
    mesh.live.backInTouch('one');
    await settle();
    expect(mesh.log).toEqual(['one begins', 'one ends', 'one begins']);
    expect(former.isHeld).toBe(false);
    await taken.duty?.transact('again', () => undefined);
    expect(mesh.log.at(-1)).toBe('one writes again');
  });

  test('let a holder that stood still write nothing, although it does not know yet', async () => {
    const mesh = new Mesh();
    const stopped = mesh.live.server('one');
    // Its process was stopped: it hears nothing, and its own clock has not been looked at.
    const deaf: LiveArea = {
      isAlive: true,
      put: (key, value) => stopped.put(key, value),
      remove: (key) => stopped.remove(key),
      claim: (key, value) => stopped.claim(key, value),
      watch: () => () => undefined,
      onAlive: () => () => undefined,
      close: () => Promise.resolve(),
    };
    const taken = mesh.take(mesh.server('one', deaf), 'one');
    await settle();
    const second = mesh.take(mesh.server('two'), 'two');
    mesh.live.expire('one');
    await settle();
    await second.duty?.transact('in time', () => undefined);
    expect(taken.duty?.isHeld).toBe(true);
    await expect(taken.duty?.transact('late', () => undefined)).rejects.toMatchObject({ code: 'conflict' });
    expect(mesh.log).toEqual(['one begins', 'two begins', 'two writes in time']);
  });

  test('are passed on at once when they are given up', async () => {
    const mesh = new Mesh();
    const first = mesh.take(mesh.server('one'), 'one');
    mesh.take(mesh.server('two'), 'two');
    await settle();
    first.giveUp();
    first.giveUp();
    await settle();
    expect(mesh.log).toEqual(['one begins', 'one ends', 'two begins']);
  });

  test('that were given up while the claim was on its way are not begun', async () => {
    const mesh = new Mesh();
    let answer = (): void => undefined;
    mesh.live.beforeClaim = () => new Promise((resolve) => (answer = resolve));
    const taken = mesh.take(mesh.server('one'), 'one');
    taken.giveUp();
    answer();
    await settle();
    expect(mesh.log).toEqual([]);
    expect(mesh.live.keys()).toEqual([]);
  });

  test('are claimed again after a claim that failed', async () => {
    const mesh = new Mesh();
    mesh.live.beforeClaim = () => Promise.reject(new AppError('unavailable', 'no answer'));
    mesh.take(mesh.server('one'), 'one');
    await settle();
    expect(mesh.log).toEqual([]);
    mesh.live.beforeClaim = () => Promise.resolve();
    mesh.clock.advance(5000);
    await settle();
    expect(mesh.log).toEqual(['one begins']);
  });

  test('that cannot be begun are told of, and the server goes on', async () => {
    const mesh = new Mesh();
    const duties = mesh.server('one');
    duties.take('broken', () => {
      throw new Error('no luck');
    });
    mesh.take(duties, 'one');
    await settle();
    expect(mesh.log).toEqual(['the duty broken could not be begun: no luck', 'one begins']);
    duties.close();
  });
});
