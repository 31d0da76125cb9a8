import { describe, expect, test } from 'vitest';
import { decodeMessage } from '../../../src/xds/envoy-api/index.js';
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
import { freshStream, sidecar, sidecarResources, warmSidecar } from './support/sidecar.js';

const claimed = (type: string) =>
  Object.fromEntries(sidecarResources.filter((one) => one.type === type).map(({ name, version }) => [name, version]));

describe('asking', () => {
  test('a first request without names is a wildcard and is answered in one response', () => {
    const rig = freshStream();
    rig.request('cluster');
    expect(rig.lines()).toEqual(['cluster local_app api']);
  });

  test('a star asks for all as well', () => {
    const rig = freshStream();
    rig.request('cluster', { subscribe: ['*'] });
    expect(rig.lines()).toEqual(['cluster local_app api']);
  });

  test('explicit names of a wildcard type get these alone', () => {
    const rig = freshStream();
    rig.request('cluster', { subscribe: ['api'] });
    expect(rig.lines()).toEqual(['cluster api']);
    rig.ack();
    rig.change(staticCluster('local_app', '2'));
    expect(rig.lines()).toEqual([]);
  });

  test('a first request for clusters or listeners is answered although there is nothing to say', () => {
    const rig = freshStream({});
    rig.request('cluster').request('listener');
    expect(rig.lines()).toEqual(['cluster', 'listener']);
  });

  test('a first request without names of another type asks for nothing', () => {
    const rig = freshStream();
    rig.request('endpoint');
    expect(rig.lines()).toEqual([]);
  });

  test('a name that this proxy does not need is answered as removed, and never with another proxy’s bytes', () => {
    const rig = freshStream();
    rig.change({ ...roots('of another'), name: 'leaf:other' });
    rig.request('secret', { subscribe: ['leaf:other', 'roots'] });
    expect(rig.lines()).toEqual(['secret roots', 'secret - leaf:other']);
  });

  test('endpoints that this proxy does not need are answered as none, so that no cluster waits for them', () => {
    const rig = freshStream();
    rig.change(endpoints('secret-service', 'with endpoints'));
    rig.request('endpoint', { subscribe: ['secret-service', 'api'] });
    expect(rig.lines()).toEqual(['endpoint secret-service api']);
    const bytes = rig.writes.at(-1)?.[0]?.items[0]?.resource.bytes ?? Buffer.alloc(0);
    const any = decodeMessage('google.protobuf.Any', bytes) as { type_url: string; value: Buffer };
    expect(decodeMessage('envoy.config.endpoint.v3.ClusterLoadAssignment', any.value)).toEqual({
      cluster_name: 'secret-service',
    });
    rig.ack();
    rig.change(endpoints('secret-service', 'more endpoints'));
    expect(rig.lines()).toEqual([]);
  });

  test('a name that was asked for before it was needed is sent when it is', () => {
    const rig = freshStream({ ...sidecar, endpoint: [] });
    rig.request('endpoint', { subscribe: ['api'] });
    rig.ack();
    rig.lines();
    rig.needs(sidecar);
    expect(rig.lines()).toEqual(['endpoint api']);
  });

  test('asking again is always answered', () => {
    const rig = warmSidecar();
    rig.request('route', { subscribe: ['api'] });
    expect(rig.lines()).toEqual(['route api']);
  });

  test('what is no longer asked for is forgotten', () => {
    const rig = warmSidecar();
    rig.request('endpoint', { unsubscribe: ['api'] });
    rig.change(endpoints('api', '2'));
    expect(rig.lines()).toEqual([]);
    rig.request('endpoint', { subscribe: ['api'] });
    expect(rig.lines()).toEqual(['endpoint api']);
  });

  test('an answer may carry a subscription too', () => {
    const rig = freshStream();
    rig.request('cluster');
    const nonce = rig.responses[0]?.nonce ?? '';
    rig.request('cluster', { nonce, subscribe: ['local_app'] });
    expect(rig.lines()).toEqual(['cluster local_app api', 'cluster local_app']);
  });

  test('a stream that leaves the wildcard hears only of what it names', () => {
    const rig = warmSidecar();
    rig.request('cluster', { subscribe: ['api'], unsubscribe: ['*'] });
    rig.ack();
    rig.lines();
    rig.change(staticCluster('local_app', '2'));
    expect(rig.lines()).toEqual([]);
  });
});

describe('a stream that is opened again', () => {
  const reconnect = (rig: ReturnType<typeof freshStream>, ownLeaf: string) =>
    rig
      .request('cluster', { claims: claimed('cluster') })
      .request('endpoint', { subscribe: ['api'], claims: claimed('endpoint') })
      .request('secret', { subscribe: ['leaf', 'roots'], claims: { leaf: ownLeaf, ...claimed('secret') } })
      .request('listener', { claims: claimed('listener') })
      .request('route', { subscribe: ['api'], claims: claimed('route') })
      .request('extension', { subscribe: ['rbac'], claims: claimed('extension') });

  test('gets empty answers about clusters and listeners and not one resource it has', () => {
    const rig = freshStream();
    const leaf = rig.ca.issueLeaf({ spiffeId: 'spiffe://test.consul/web', dnsNames: [] });
    reconnect(rig, leaf.version);
    rig.ack();
    expect(rig.lines()).toEqual(['cluster', 'listener']);
    expect(rig.ca.issued).toBe(1);
    expect(rig.session.clean).toBe(true);
  });

  test('gets what changed while it was away', () => {
    const rig = freshStream();
    rig.change(route('api', '2'), extension('rbac', '2'));
    const leaf = rig.ca.issueLeaf({ spiffeId: 'spiffe://test.consul/web', dnsNames: [] });
    reconnect(rig, leaf.version);
    expect(rig.lines()).toEqual(['cluster', 'listener', 'route api', 'extension rbac']);
  });

  test('gets the endpoints of a cluster that changed meanwhile, although it claims them', () => {
    const rig = freshStream();
    rig.change(cluster('api', '2'));
    rig.request('cluster', { claims: claimed('cluster') });
    rig.request('endpoint', { subscribe: ['api'], claims: claimed('endpoint') });
    expect(rig.lines()).toEqual(['cluster api', 'endpoint api']);
  });

  test('is told what is gone, once it has what takes its place', () => {
    const rig = freshStream();
    rig.request('cluster', { claims: { ...claimed('cluster'), old: 'x' } });
    rig.request('endpoint', { subscribe: ['api', 'old'], claims: { ...claimed('endpoint'), old: 'x' } });
    rig.request('listener', { claims: { ...claimed('listener'), gone: 'x' } });
    expect(rig.lines()).toEqual(['cluster', 'listener']);
    rig.ack();
    expect(rig.lines()).toEqual(['listener - gone', 'cluster - old', 'endpoint - old']);
  });

  test('is not told that a filter is gone: old chains would refuse everybody', () => {
    const rig = freshStream({ ...sidecar, extension: [] });
    rig.request('cluster', { claims: claimed('cluster') }).request('listener', { claims: claimed('listener') });
    rig.request('extension', { subscribe: ['rbac'], claims: claimed('extension') });
    rig.ack();
    expect(rig.lines()).toEqual(['cluster', 'listener']);
  });

  test('asks for endpoints before clusters when it broke while warming: its claim is not trusted', () => {
    const rig = freshStream();
    rig.request('endpoint', { subscribe: ['api'], claims: claimed('endpoint') });
    expect(rig.lines()).toEqual(['endpoint api']);
  });

  describe('broke while it prepared a cluster that is not needed any more', () => {
    const claims = { ...claimed('endpoint'), old: 'x' };
    const breaksWhileWarming = (rig: ReturnType<typeof freshStream>) =>
      rig
        .request('endpoint', { subscribe: ['api', 'old'], claims })
        .request('listener', { claims: claimed('listener') });

    test('gets all clusters unasked, and is told what is gone once it has what takes its place', () => {
      const rig = breaksWhileWarming(freshStream());
      expect(rig.lines()).toEqual(['cluster local_app api', 'endpoint api', 'listener']);
      rig.ack('endpoint').ack('listener');
      expect(rig.lines()).toEqual(['cluster - old', 'endpoint - old']);
      // Now nothing is being prepared, and the answer to the first response is the first request for clusters.
      const [first] = rig.responses.filter((one) => one.type === 'cluster');
      rig.request('cluster', { nonce: first?.nonce ?? '', claims: { ...claimed('cluster'), old: 'x', older: 'x' } });
      rig.ack();
      expect(rig.lines()).toEqual(['cluster', 'cluster - old older']);
      rig.ack();
      expect(rig.session.clean).toBe(true);
    });

    test('gets an aggregate, and listeners, only when the endpoints of its members are there', () => {
      const rig = freshStream({
        ...sidecar,
        cluster: [...sidecar.cluster, 'old', 'member'],
        endpoint: [...sidecar.endpoint, 'member'],
        listener: [...sidecar.listener, 'new'],
      });
      rig.change(aggregateCluster('old', ['member']), cluster('member'), endpoints('member'), listener('new'));
      breaksWhileWarming(rig);
      expect(rig.lines()).toEqual(['cluster local_app api member', 'endpoint api', 'endpoint member']);
      rig.request('endpoint', { subscribe: ['member'] }).ack('endpoint');
      expect(rig.lines()).toEqual(['endpoint member', 'cluster old', 'listener new']);
      rig.ack('listener');
      expect(rig.lines()).toEqual(['endpoint - old']);
    });

    test('a cluster that may be needed by what could not be computed is not taken away', () => {
      const rig = freshStream();
      rig.incompleteNeeds(sidecar);
      breaksWhileWarming(rig).ack('endpoint').ack('listener');
      expect(rig.lines().filter((line) => line.includes('old'))).toEqual([]);
      rig.needs(sidecar);
      expect(rig.lines()).toEqual(['cluster - old', 'endpoint - old']);
    });
  });

  test('claims count in the first request of a type only', () => {
    const rig = freshStream();
    rig.request('cluster').request('endpoint', { subscribe: ['api'] });
    rig.ack();
    rig.lines();
    rig.request('endpoint', { subscribe: ['api'], claims: claimed('endpoint') });
    expect(rig.lines()).toEqual(['endpoint api']);
  });
});

describe('answers', () => {
  test('come one per response in sending order; each response has a nonce of its own', () => {
    const rig = warmSidecar();
    rig.change(route('api', '2'));
    const [response] = rig.responses.filter(({ answered }) => !answered);
    rig.request('route', { subscribe: ['api'] });
    const unanswered = rig.responses.filter(({ answered }) => !answered);
    expect(unanswered).toHaveLength(2);
    expect(unanswered[0]).toBe(response);
    expect(unanswered[1]?.nonce).not.toBe(response?.nonce);
    rig.ack('route');
    expect(rig.session.clean).toBe(true);
  });

  test('an unknown nonce changes nothing', () => {
    const rig = warmSidecar();
    rig.change(route('api', '2'));
    rig.request('route', { nonce: 'ffff' }).request('route', { nonce: 'eeee', error: 'bad' });
    expect(rig.session.clean).toBe(false);
    expect(rig.stored).toEqual([]);
  });

  test('a response that was dropped without an answer does not hold back those behind it', () => {
    const rig = warmSidecar();
    rig.change(route('api', '2'));
    rig.request('route', { subscribe: ['api'] });
    rig.change(route('api', '3'));
    rig.request('route', { subscribe: ['api'] });
    const last = rig.responses.at(-1);
    rig.request('route', { nonce: last?.nonce ?? '' });
    expect(rig.session.clean).toBe(true);
  });

  test('the version shown to the client is the state index', () => {
    const rig = warmSidecar();
    rig.change(listener('public', { note: '2' }), roots('2'));
    const index = String(rig.store.index);
    for (const { frame } of rig.writes.at(-1) ?? []) {
      expect(frame.subarray(5, 7 + index.length).toString('latin1')).toBe(
        `\n${String.fromCharCode(index.length)}${index}`,
      );
    }
  });
});
