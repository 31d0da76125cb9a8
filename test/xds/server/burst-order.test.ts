import { describe, expect, test } from 'vitest';
import {
  aggregateCluster,
  cluster,
  endpoints,
  extension,
  listener,
  roots,
  route,
  staticCluster,
} from './support/resources.js';
import { SessionRig } from './support/session-rig.js';
import { freshStream, sidecar, warmSidecar } from './support/sidecar.js';

describe('the order of a burst', () => {
  test('clusters, endpoints, secrets, filters, listeners, routes leave in this order and each alone', () => {
    const rig = warmSidecar();
    rig.change(
      route('api', '2'),
      listener('public', { filters: ['rbac'], note: '2' }),
      extension('rbac', '2'),
      roots('2'),
      endpoints('api', '2'),
      cluster('api', '2'),
      staticCluster('local_app', '2'),
    );
    expect(rig.lines()).toEqual([
      'cluster api',
      'cluster local_app',
      'endpoint api',
      'secret roots',
      'extension rbac',
      'listener public',
      'route api',
    ]);
    expect(rig.writes.at(-1)).toHaveLength(7);
  });

  test('a changed cluster is followed by its endpoints although they have not changed', () => {
    const rig = warmSidecar();
    rig.change(cluster('api', '2'));
    expect(rig.lines()).toEqual(['cluster api', 'endpoint api']);
  });

  test('a whole new upstream leaves in one write, with what it makes the Envoy ask for', () => {
    const rig = warmSidecar();
    rig.needs(
      {
        ...sidecar,
        cluster: ['local_app', 'api', 'db'],
        endpoint: ['api', 'db'],
        listener: [...sidecar.listener, 'db:127.0.0.1:9192'],
        route: ['api', 'db'],
      },
      cluster('db'),
      endpoints('db'),
      listener('db:127.0.0.1:9192', { routeName: 'db' }),
      route('db'),
    );
    expect(rig.lines()).toEqual(['cluster db', 'endpoint db', 'listener db:127.0.0.1:9192', 'route db']);
    rig.request('endpoint', { subscribe: ['db'] });
    expect(rig.lines()).toEqual(['endpoint db']);
  });

  test('what a new listener needs is not pushed in a type the Envoy has never asked for', () => {
    const rig = freshStream({ ...sidecar, route: [], listener: ['public'] }).coldStart();
    rig.needs(sidecar);
    expect(rig.lines()).toEqual(['listener api:127.0.0.1:9191']);
    rig.request('route', { subscribe: ['api'] });
    expect(rig.lines()).toEqual(['route api']);
  });

  test('a removal waits until what stops using the thing has been answered, then goes alone', () => {
    const rig = warmSidecar();
    const next = { ...sidecar, cluster: ['local_app', 'api2'], endpoint: ['api2'] };
    rig.needs(next, cluster('api2'), endpoints('api2'), route('api', 'to api2'));
    expect(rig.lines()).toEqual(['cluster api2', 'endpoint api2', 'route api']);
    rig.ack('endpoint');
    expect(rig.lines()).toEqual([]);
    rig.ack('route');
    expect(rig.lines()).toEqual(['cluster - api']);
  });

  test('a removed upstream loses its listener before its cluster', () => {
    const rig = warmSidecar();
    rig.needs({ ...sidecar, cluster: ['local_app'], endpoint: [], listener: ['public'], route: [] });
    expect(rig.lines()).toEqual(['listener - api:127.0.0.1:9191', 'cluster - api']);
  });

  test('endpoints of a cluster that waits to be removed stay fresh', () => {
    const rig = warmSidecar();
    rig.needs(
      { ...sidecar, cluster: ['local_app', 'api2'], endpoint: ['api2'] },
      cluster('api2'),
      endpoints('api2'),
      route('api', '2'),
    );
    rig.ack('endpoint');
    rig.lines();
    rig.nack('route');
    expect(rig.lines()).toEqual([]);
    rig.change(endpoints('api', 'moved'));
    expect(rig.lines()).toEqual(['endpoint api']);
    rig.ack();
    rig.change(route('api', '3'));
    expect(rig.lines()).toEqual(['route api']);
    rig.ack('route');
    expect(rig.lines()).toEqual(['cluster - api']);
  });

  test('a cluster that waits for its members to become an aggregate keeps its endpoints, asked for or changed', () => {
    const rig = warmSidecar();
    const members = ['first', 'second'];
    rig.needs(
      { ...sidecar, cluster: ['local_app', 'api', ...members], endpoint: members },
      aggregateCluster('api', members),
      ...members.flatMap((member) => [cluster(member), endpoints(member)]),
    );
    expect(rig.lines()).toEqual(['cluster first', 'cluster second', 'endpoint first', 'endpoint second']);
    rig.request('endpoint', { unsubscribe: ['api'] }).request('endpoint', { subscribe: ['api'] });
    expect(rig.lines()).toEqual(['endpoint api']);
    expect(rig.writes.at(-1)?.[0]?.items[0]?.resource.version).toBe(endpoints('api').version);
    rig.ack('endpoint');
    rig.change(endpoints('api', 'moved'));
    expect(rig.lines()).toEqual(['endpoint api']);
    rig.ack('endpoint');
    rig.ack('cluster');
    expect(rig.lines()).toEqual(['cluster api']);
  });

  test('a cluster that goes does not become an aggregate of clusters that nobody needs', () => {
    const rig = warmSidecar();
    const next = { ...sidecar, cluster: ['local_app', 'api2'], endpoint: ['api2'] };
    rig.needs(
      next,
      aggregateCluster('api', ['first']),
      cluster('api2'),
      endpoints('api2'),
      route('api', '2', ['api2']),
    );
    expect(rig.lines()).toEqual(['cluster api2', 'endpoint api2', 'route api']);
    rig.ack('endpoint');
    rig.ack('route');
    expect(rig.lines()).toEqual(['cluster - api']);
  });

  test('a listener that takes the address of a removed one leaves in the same response', () => {
    const rig = warmSidecar();
    const renamed = 'orders:127.0.0.1:9191';
    rig.needs({ ...sidecar, listener: ['public', renamed] }, listener(renamed, { routeName: 'api' }));
    expect(rig.lines()).toEqual([`listener ${renamed} - api:127.0.0.1:9191`]);
  });

  test('a name that is removed and needed again in one revision is an update', () => {
    const rig = warmSidecar();
    rig.store.set('resource', 'cluster/api variant 2', cluster('api', 'variant 2'));
    rig.needs({ ...sidecar, cluster: ['local_app', ['api', 'cluster/api variant 2']] });
    expect(rig.lines()).toEqual(['cluster api', 'endpoint api']);
  });

  test('a resource that stops compiling is neither removed nor changed', () => {
    const rig = warmSidecar();
    rig.store.set('resource', 'listener/public', undefined);
    rig.change();
    expect(rig.lines()).toEqual([]);
    rig.change(listener('public', { filters: ['rbac'], note: 'good again' }));
    expect(rig.lines()).toEqual(['listener public']);
  });
});

describe('the gate', () => {
  test('while anything but clusters is unanswered the next burst waits, grows, and leaves whole with the newest state', () => {
    const rig = warmSidecar();
    rig.change(endpoints('api', '2'));
    expect(rig.lines()).toEqual(['endpoint api']);
    rig.change(endpoints('api', '3'));
    rig.change(route('api', '2'), endpoints('api', '4'));
    expect(rig.lines()).toEqual([]);
    rig.ack();
    expect(rig.lines()).toEqual(['endpoint api', 'route api']);
    expect(rig.writes.at(-1)?.[0]?.items[0]?.resource.version).toBe(endpoints('api', '4').version);
  });

  test('an unanswered cluster holds nothing back', () => {
    const rig = warmSidecar();
    rig.change(staticCluster('local_app', '2'));
    rig.change(route('api', '2'));
    expect(rig.lines()).toEqual(['cluster local_app', 'route api']);
  });

  test('what is asked for is answered at once, together with what was waiting', () => {
    const rig = warmSidecar();
    rig.change(route('api', '2'));
    rig.change(cluster('api', '2'));
    rig.lines();
    rig.request('endpoint', { unsubscribe: ['api'] }).request('endpoint', { subscribe: ['api'] });
    expect(rig.lines()).toEqual(['cluster api', 'endpoint api']);
  });

  test('nothing is written to a reader that has not taken the last write, and its newest state after that', () => {
    const rig = warmSidecar();
    rig.congested = true;
    for (let turn = 0; turn < 1_000; turn++) rig.change(endpoints('api', String(turn)));
    expect(rig.lines()).toEqual([]);
    rig.congested = false;
    rig.session.wake();
    rig.run();
    expect(rig.lines()).toEqual(['endpoint api']);
    expect(rig.writes.at(-1)?.[0]?.items[0]?.resource.version).toBe(endpoints('api', '999').version);
  });
});

test('a client that asks for listeners without endpoints is answered: it will not ask for them', () => {
  const rig = new SessionRig({ cluster: ['a'], endpoint: ['a'], secret: ['roots'], listener: ['up'] });
  rig.change(cluster('a'), endpoints('a'), roots('r'), listener('up'));
  expect(rig.request('cluster').lines()).toEqual(['cluster a']);
  expect(rig.request('listener').lines()).toEqual(['listener up']);
});
