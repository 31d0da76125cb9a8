import { beforeEach, describe, expect, it } from 'vitest';
import type { EncodedResource } from '../../../src/xds/resources/spec.js';
import type { Wakeable } from '../../../src/xds/server/subscription.js';
import { cluster, endpoints, extension, listener, roots } from './support/resources.js';
import { SessionRig } from './support/session-rig.js';

/** Another proxy: a destination that is told new rules. */
const destination: Wakeable = { wake: () => undefined, filterDue: () => undefined };
const names = { cluster: ['a'], endpoint: ['a'], secret: ['roots'], listener: ['up', 'other'] };
const bumped = (epoch: number, note = ''): EncodedResource => ({
  ...listener('up', { note: `${epoch}${note}` }),
  ...(epoch > 0 ? { chainEpoch: epoch } : {}),
});

describe('a listener that ends connections because access was taken away', () => {
  let rig: SessionRig;
  beforeEach(() => {
    rig = new SessionRig(names);
    rig.change(cluster('a'), endpoints('a'), roots('r'), bumped(0), listener('other')).coldStart();
  });

  it('is sent at once when no rules are on the way', () => {
    expect(rig.change(bumped(7)).lines()).toEqual(['listener up']);
  });

  it('waits until the destinations have answered the rules that refuse new connections', () => {
    rig.epochs.note(destination, true);
    expect(rig.change(bumped(7)).lines()).toEqual([]);
    expect(rig.session.clean).toBe(false);
    rig.epochs.note(destination, false);
    expect(rig.run().lines()).toEqual(['listener up']);
    expect(rig.ack().session.clean).toBe(true);
  });

  it('waits no longer than a second', () => {
    rig.epochs.note(destination, true);
    rig.change(bumped(7));
    rig.clock.advance(999);
    expect(rig.run().lines()).toEqual([]);
    rig.clock.advance(1);
    expect(rig.run().lines()).toEqual(['listener up']);
    // The next one has a second of its own.
    rig.ack();
    rig.clock.advance(5_000);
    expect(rig.change(bumped(8)).lines()).toEqual([]);
  });

  it('does not wait for a destination that has gone', () => {
    rig.epochs.note(destination, true);
    rig.change(bumped(7));
    rig.epochs.forget(destination);
    expect(rig.run().lines()).toEqual(['listener up']);
  });

  it('holds back nothing else, but no cluster goes meanwhile', () => {
    rig.epochs.note(destination, true);
    expect(rig.change(bumped(7), listener('other', { note: 'new' })).lines()).toEqual(['listener other']);
    rig.ack();
    expect(rig.needs({ ...names, cluster: [], endpoint: [] }).lines()).toEqual([]);
    rig.epochs.note(destination, false);
    expect(rig.run().lines()).toEqual(['listener up']);
    expect(rig.ack().lines()).toEqual(['cluster - a']);
  });

  it('does not wait when it is other things in it that change', () => {
    rig.change(bumped(7)).ack().lines();
    rig.epochs.note(destination, true);
    expect(rig.change(bumped(7, 'more')).lines()).toEqual(['listener up']);
  });

  it('does not wait at a client that has not got it yet', () => {
    rig.epochs.note(destination, true);
    rig.needs({ ...names, listener: [...names.listener, 'late'] }, { ...listener('late'), chainEpoch: 7 });
    expect(rig.lines()).toEqual(['listener late']);
  });

  it('waits from the moment a filter of another proxy is due until it is answered', () => {
    const other = new SessionRig({ extension: ['rbac'], listener: ['public'] });
    other.change(extension('rbac', 'old'), listener('public', { filters: ['rbac'] })).coldStart();
    rig.congested = true;
    rig.change(bumped(7));
    const { listener: due } = rig.session.subscriptions;
    const isHeld = (): boolean => other.epochs.held(rig.session, due) !== undefined;
    expect(isHeld()).toBe(false);
    other.congested = true;
    other.change(extension('rbac', 'new'));
    expect(isHeld()).toBe(true);
    other.congested = false;
    other.session.wake();
    expect(other.run().lines()).toEqual(['extension rbac']);
    expect(isHeld()).toBe(true);
    other.ack();
    expect(isHeld()).toBe(false);
  });
});
