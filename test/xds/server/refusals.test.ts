import { describe, expect, test } from 'vitest';
import type { StandingRefusal } from '../../../src/xds/server/standing-refusals.js';
import { cluster, endpoints, listener, route, staticCluster } from './support/resources.js';
import { freshStream, sidecar, warmSidecar } from './support/sidecar.js';

const standing = (version: string, accepted?: StandingRefusal['accepted']): StandingRefusal => ({
  version,
  error: 'bad',
  at: '2026-01-01T00:00:00.000Z',
  index: 7,
  accepted,
  tried: false,
});

describe('a refused resource', () => {
  test('is not offered again until its hash changes', () => {
    const rig = warmSidecar();
    rig.change(route('api', 'bad'));
    rig.nack('route');
    rig.lines();
    rig.change(endpoints('api', '2'));
    rig.ack();
    rig.change(staticCluster('local_app', '2'));
    expect(rig.lines()).toEqual(['endpoint api', 'cluster local_app']);
    rig.change(route('api', 'good'));
    expect(rig.lines()).toEqual(['route api']);
    rig.ack();
    expect(rig.cleared).toEqual(['route api']);
    expect(rig.session.refusals.size).toBe(0);
  });

  test('is stored with the last accepted bytes, the reason and where it came from', () => {
    const rig = warmSidecar();
    const bad = route('api', 'bad');
    rig.change(bad);
    rig.nack('route', 'missing ): (');
    expect(rig.stored).toHaveLength(1);
    expect(rig.stored[0]?.refused.entries).toEqual(['service-defaults/api']);
    expect(rig.stored[0]?.refusal).toMatchObject({
      version: bad.version,
      error: 'missing ): (',
      index: rig.store.index,
    });
    expect(rig.stored[0]?.refusal.accepted?.version).toBe(route('api').version);
  });

  test('does not take others down: the members of a refused batch are sent again one by one', () => {
    const rig = freshStream();
    rig.request('cluster');
    rig.lines();
    rig.nack('cluster', 'Error adding/updating cluster(s) api: bad');
    expect(rig.lines()).toEqual(['cluster local_app', 'cluster api']);
    rig.nack('cluster', 'bad');
    rig.ack();
    expect(rig.stored.map(({ refused }) => refused.name)).toEqual(['local_app']);
    expect(rig.session.subscriptions.cluster.entries.get('api')?.accepted).toBeDefined();
    expect(rig.lines()).toEqual([]);
  });

  test('taken back by the user is no longer a refusal, and nothing needs to be sent', () => {
    const rig = warmSidecar();
    rig.change(route('api', 'bad'));
    rig.nack('route');
    rig.lines();
    rig.change(route('api'));
    expect(rig.lines()).toEqual([]);
    expect(rig.session.refusals.size).toBe(0);
    expect(rig.cleared).toEqual(['route api']);
  });

  test('of a secret keeps no bytes', () => {
    const rig = warmSidecar();
    rig.ca.issuer = 'root-2';
    rig.session.rootsChanged();
    rig.run();
    rig.nack('secret', 'Failed to load private key');
    expect(rig.stored.map(({ refused }) => refused.name)).toEqual(['leaf']);
    expect(rig.stored[0]?.refusal.accepted).toBeUndefined();
  });

  test('on a new stream of a client that holds nothing: the accepted one first, then the refused one is tried once', () => {
    const good = route('api', 'good');
    const bad = route('api', 'bad');
    const rig = freshStream();
    rig.change(bad);
    rig.session.loadRefusals([{ type: 'route', name: 'api', refusal: standing(bad.version, good) }]);
    rig.request('route', { subscribe: ['api'] });
    expect(rig.writes.at(-1)?.[0]?.items[0]?.resource.version).toBe(good.version);
    rig.ack();
    expect(rig.writes.at(-1)?.[0]?.items[0]?.resource.version).toBe(bad.version);
    rig.lines();
    rig.nack('route');
    rig.change(endpoints('api', '2'));
    expect(rig.lines()).toEqual([]);
  });

  test('on a new stream of a client that has the accepted one: tried once', () => {
    const bad = route('api', 'bad');
    const good = route('api', 'good');
    const rig = freshStream();
    rig.change(bad);
    rig.session.loadRefusals([{ type: 'route', name: 'api', refusal: standing(bad.version, good) }]);
    rig.request('route', { subscribe: ['api'], claims: { api: good.version } });
    expect(rig.lines()).toEqual(['route api']);
    rig.nack('route');
    rig.change(route('other'));
    expect(rig.lines()).toEqual([]);
    rig.ack();
    expect(rig.session.clean).toBe(true);
  });

  test('accepted by a newer Envoy on a new stream is no longer a refusal', () => {
    const bad = route('api', 'bad');
    const rig = freshStream();
    rig.change(bad);
    rig.session.loadRefusals([{ type: 'route', name: 'api', refusal: standing(bad.version) }]);
    rig.request('route', { subscribe: ['api'] });
    rig.ack();
    expect(rig.cleared).toEqual(['route api']);
  });

  test('that is not needed any more is forgotten', () => {
    const rig = warmSidecar();
    rig.change(route('api', 'bad'));
    rig.nack('route');
    rig.needs({ ...sidecar, route: [] });
    expect(rig.cleared).toEqual(['route api']);
  });

  test('asked for again by a client that lost it is answered with the accepted one', () => {
    const rig = warmSidecar();
    rig.change(route('api', 'bad'));
    rig.nack('route');
    rig.request('route', { unsubscribe: ['api'] }).request('route', { subscribe: ['api'] });
    expect(rig.writes.at(-1)?.[0]?.items[0]?.resource.version).toBe(route('api').version);
  });

  test('the endpoints behind a changed cluster are sent even while a newer version of them is refused', () => {
    const rig = warmSidecar();
    rig.change(endpoints('api', 'bad'));
    rig.nack('endpoint');
    rig.lines();
    rig.change(cluster('api', '2'));
    expect(rig.lines()).toEqual(['cluster api', 'endpoint api']);
    expect(rig.writes.at(-1)?.[1]?.items[0]?.resource.version).toBe(endpoints('api').version);
  });

  test('while a listener is refused nothing it may still use is removed', () => {
    const rig = warmSidecar();
    const next = { ...sidecar, cluster: ['local_app'], endpoint: [] };
    rig.needs(next, listener('api:127.0.0.1:9191', { note: 'uses local_app' }));
    rig.nack('listener');
    rig.ack();
    expect(rig.lines()).toEqual(['listener api:127.0.0.1:9191']);
    rig.change(listener('api:127.0.0.1:9191', { note: 'fixed' }));
    rig.ack();
    expect(rig.lines()).toEqual(['listener api:127.0.0.1:9191', 'cluster - api']);
  });
});
