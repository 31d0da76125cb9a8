import { beforeEach, describe, expect, it } from 'vitest';
import { aggregateCluster, cluster, endpoints, listener, roots } from './support/resources.js';
import { type RigNames, SessionRig } from './support/session-rig.js';

const names: RigNames = {
  cluster: ['a', 'm1', 'm2', 'm3'],
  endpoint: ['m1', 'm2', 'm3'],
  secret: ['roots'],
  listener: ['up'],
};
const without = (...gone: readonly string[]): RigNames => ({
  ...names,
  cluster: ['a', 'm1', 'm2', 'm3'].filter((name) => !gone.includes(name)),
  endpoint: ['m1', 'm2', 'm3'].filter((name) => !gone.includes(name)),
});
const aggregate = (...members: readonly string[]) => aggregateCluster('a', members);

describe('an aggregate cluster that the client has just been given', () => {
  let rig: SessionRig;
  beforeEach(() => {
    rig = new SessionRig(names);
    rig.change(...['m1', 'm2', 'm3'].flatMap((name) => [cluster(name), endpoints(name)]), aggregate('m1', 'm2'));
    rig.change(roots('r'), listener('up')).coldStart().lines();
  });

  it('is not changed until half a second after the answer', () => {
    rig.clock.advance(499);
    expect(rig.change(aggregate('m1', 'm3')).lines()).toEqual([]);
    expect(rig.session.clean).toBe(false);
    rig.clock.advance(1);
    expect(rig.run().lines()).toEqual(['cluster a']);
    expect(rig.ack().session.clean).toBe(true);
    // Nor the next one.
    expect(rig.change(aggregate('m1', 'm2')).lines()).toEqual([]);
  });

  it('goes with its newest content: what came in between is never sent', () => {
    rig.change(aggregate('m1', 'm3'));
    rig.change(aggregate('m2', 'm3'));
    rig.change(aggregate('m1', 'm2'));
    rig.clock.advance(5_000);
    expect(rig.run().lines()).toEqual([]);
    expect(rig.session.clean).toBe(true);
  });

  it('is not removed either, nor are its members', () => {
    expect(rig.needs(without('a', 'm1')).lines()).toEqual([]);
    rig.clock.advance(500);
    expect(rig.run().lines()).toEqual(['cluster - a m1']);
    expect(rig.ack().session.clean).toBe(true);
  });

  it('keeps the members of its old form until it has the new one', () => {
    expect(rig.needs(without('m2'), aggregate('m1', 'm3')).lines()).toEqual([]);
    rig.clock.advance(500);
    expect(rig.run().lines()).toEqual(['cluster a']);
    expect(rig.ack().lines()).toEqual(['cluster - m2']);
  });

  it('holds back no other cluster', () => {
    expect(rig.change(cluster('m1', 'other'), aggregate('m3')).lines()).toEqual(['cluster m1', 'endpoint m1']);
  });

  it('is changed at once when it has rested', () => {
    rig.clock.advance(500);
    expect(rig.change(aggregate('m1', 'm3')).lines()).toEqual(['cluster a']);
  });

  it('waits for a slow answer, and not for ever', () => {
    rig.clock.advance(500);
    rig.change(aggregate('m1', 'm3')).lines();
    rig.clock.advance(4_999);
    expect(rig.change(aggregate('m1', 'm2')).lines()).toEqual([]);
    rig.clock.advance(1);
    expect(rig.run().lines()).toEqual(['cluster a']);
  });

  it('leaves no timer behind when the stream ends', () => {
    const timers = rig.clock.waiting;
    rig.change(aggregate('m3'));
    expect(rig.clock.waiting).toBe(timers + 1);
    rig.session.close();
    expect(rig.clock.waiting).toBeLessThanOrEqual(timers);
  });
});

describe('an aggregate cluster of an Envoy that starts', () => {
  it('is not changed before its workers run, which they do when it has its first listeners', () => {
    const rig = new SessionRig(names);
    rig.change(...['m1', 'm2', 'm3'].flatMap((name) => [cluster(name), endpoints(name)]), aggregate('m1', 'm2'));
    rig.change(roots('r'), listener('up'));
    rig
      .request('cluster')
      .request('endpoint', { subscribe: ['m1', 'm2', 'm3'] })
      .ack();
    rig.lines();
    rig.clock.advance(2_000);
    expect(rig.change(aggregate('m1', 'm3')).lines()).toEqual([]);
    rig.request('listener').ack();
    rig.lines();
    rig.clock.advance(499);
    expect(rig.run().lines()).toEqual([]);
    rig.clock.advance(1);
    expect(rig.run().lines()).toEqual(['cluster a']);
  });
});

describe('a member that an aggregate gives up for one that the client still prepares', () => {
  it('stays until the aggregate has changed', () => {
    const rig = new SessionRig(without('m3'));
    rig.change(...['m1', 'm2', 'm3'].flatMap((name) => [cluster(name), endpoints(name)]), aggregate('m1', 'm2'));
    rig.change(roots('r'), listener('up')).coldStart().lines();
    rig.clock.advance(1_000);
    expect(rig.needs(without('m2'), aggregate('m1', 'm3')).lines()).toEqual(['cluster m3', 'endpoint m3']);
    expect(rig.ack().lines()).toEqual(['cluster a']);
    expect(rig.ack().lines()).toEqual(['cluster - m2']);
  });
});
