import { Subject } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { AppError } from '../../../src/core/index.js';
import {
  type DeltaResource,
  deltaRequest,
  deltaResponse,
  NONCE,
  scanDeltaResponse,
  wholeRequest,
  withNonce,
} from '../../../src/client-agent/xds/messages.js';
import { ProxyRecords } from '../../../src/client-agent/xds/proxy-records.js';
import { ProxyRelay } from '../../../src/client-agent/xds/proxy-relay.js';
import { scanDeltaRequest, scanStateOfTheWorldRequest } from '../../../src/xds/server/discovery-request.js';
import { scanNode } from '../../../src/xds/server/node-scan.js';
import { fieldLength, writeTextField } from '../../../src/xds/server/wire-writer.js';
import { ManualClock } from '../../agent/support/manual-clock.js';
import { SERVER } from '../support/fake-link.js';

const CDS = 'type.googleapis.com/envoy.config.cluster.v3.Cluster';
const EDS = 'type.googleapis.com/envoy.config.endpoint.v3.ClusterLoadAssignment';
const SDS = 'type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.Secret';

/** Texts as the fields of a message. */
function fields(...texts: readonly (readonly [number: number, text: string])[]): Buffer {
  const parts = texts.map(([number, text]) => {
    const part = Buffer.alloc(fieldLength(Buffer.byteLength(text)));
    writeTextField(part, 0, number, text);
    return part;
  });
  return Buffer.concat(parts);
}

const nodeNamed = (id: string): Buffer => fields([1, id]);
const resource = (name: string, version: string): DeltaResource => ({
  name,
  version,
  bytes: fields([1, version], [3, name]),
});

class FakeServer {
  readonly messages$ = new Subject<Buffer>();
  readonly draining$ = new Subject<void>();
  readonly got: Buffer[] = [];
  readonly server;
  ended = false;
  #nonce = 0;
  constructor(id: string) {
    this.server = { ...SERVER, id };
  }
  send(message: Uint8Array): void {
    this.got.push(Buffer.from(message));
  }
  end(): void {
    this.ended = true;
  }
  /** The requests so far, in short, and then none. */
  requests(): object[] {
    return this.got.splice(0).map((message) => {
      const { node, typeUrl, subscribe, unsubscribe, versions, nonce, error } = scanDeltaRequest(message);
      return {
        type: typeUrl.split('.').at(-1),
        ...(node ? { node: scanNode(node).id } : {}),
        ...(subscribe.length > 0 ? { subscribe } : {}),
        ...(unsubscribe.length > 0 ? { unsubscribe } : {}),
        ...(versions.size > 0 ? { versions: Object.fromEntries(versions) } : {}),
        ...(nonce ? { nonce } : {}),
        ...(error ? { error } : {}),
      };
    });
  }
  give(typeUrl: string, ...resources: readonly DeltaResource[]): void {
    this.#nonce += 1;
    this.messages$.next(deltaResponse(typeUrl, `n${this.#nonce}`, resources));
  }
}

interface RigOptions {
  readonly records?: ProxyRecords;
  readonly reachable?: boolean;
  readonly maySendSecrets?: boolean;
  readonly protocol?: 'delta' | 'state-of-the-world';
}

function rig({ reachable = true, maySendSecrets = true, protocol = 'delta', records: given }: RigOptions = {}) {
  const clock = new ManualClock();
  const records = given ?? new ProxyRecords({ clock, warn: () => undefined });
  const opened: FakeServer[] = [];
  const avoided: (string | undefined)[] = [];
  const listeners = new Set<() => void>();
  const servers = {
    isReachable: reachable,
    onReachable(listener: () => void) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
  };
  const toProxy: Buffer[] = [];
  const moves: (() => void)[] = [];
  let ended: AppError | undefined;
  const relay = new ProxyRelay({
    protocol,
    node: 'c1',
    metadata: {},
    link: {
      openAds({ avoid }) {
        avoided.push(avoid);
        if (!servers.isReachable) return Promise.reject(new AppError('unavailable', 'nobody'));
        const server = new FakeServer(`s${opened.length + 1}`);
        opened.push(server);
        return Promise.resolve(server);
      },
    },
    servers,
    records,
    maySendSecrets,
    clock,
    random: () => 0.5,
    logger: { debug: () => undefined, info: () => undefined, warn: () => undefined },
    onDraining: (move) => void moves.push(move),
    send: (message) => void toProxy.push(message),
    end: (error) => {
      ended = error;
    },
  });
  const proxy = {
    /** Asks for a type, at first with its node. */
    ask(typeUrl: string, subscribe: readonly string[] = [], versions: Record<string, string> = {}, node?: string) {
      relay.receive(
        deltaRequest({
          node: node === undefined ? undefined : nodeNamed(node),
          typeUrl,
          subscribe,
          unsubscribe: [],
          versions: new Map(Object.entries(versions)),
        }),
      );
    },
    /** What came, in short, and then none; each is accepted. */
    take(accepts = true): object[] {
      return toProxy.splice(0).map((message) => {
        const { typeUrl, nonce, resources } = scanDeltaResponse(message);
        if (accepts) {
          const answer = {
            node: undefined,
            typeUrl,
            subscribe: [],
            unsubscribe: [],
            versions: new Map<string, string>(),
          };
          relay.receive(withNonce(deltaRequest(answer), NONCE.delta, nonce));
        }
        return {
          type: typeUrl.split('.').at(-1),
          nonce,
          has: resources.map(({ name, version }) => `${name}@${version}`),
        };
      });
    },
  };
  return {
    relay,
    proxy,
    clock,
    records,
    opened,
    avoided,
    moves,
    toProxy,
    ended: () => ended,
    up() {
      servers.isReachable = true;
      for (const listener of [...listeners]) listener();
    },
    down(server: FakeServer) {
      servers.isReachable = false;
      server.messages$.error(new AppError('unavailable', 'gone'));
    },
  };
}

/** A proxy that has begun and has two clusters with their endpoints, by way of the first server. */
async function running(options: RigOptions = {}) {
  const all = rig(options);
  all.proxy.ask(CDS, [], {}, 'web-sidecar-proxy');
  await all.clock.advance(0);
  const [server] = all.opened as [FakeServer];
  server.give(CDS, resource('api', 'v1'), resource('db', 'v1'));
  all.proxy.take();
  all.proxy.ask(EDS, ['api', 'db']);
  server.give(EDS, resource('api', 'e1'), resource('db', 'e1'));
  all.proxy.take();
  server.got.length = 0;
  return { ...all, server };
}

describe('a stream to a server that is there', () => {
  it('has the messages of the proxy as they are, and its answers with the nonces of the server', async () => {
    const { proxy, clock, opened } = rig();
    proxy.ask(CDS, [], {}, 'web-sidecar-proxy');
    await clock.advance(0);
    const [server] = opened as [FakeServer];
    expect(server.requests()).toEqual([{ type: 'Cluster', node: 'web-sidecar-proxy' }]);
    server.give(CDS, resource('api', 'v1'));
    expect(proxy.take()).toEqual([{ type: 'Cluster', nonce: '1.n1', has: ['api@v1'] }]);
    expect(server.requests()).toEqual([{ type: 'Cluster', nonce: 'n1' }]);
    proxy.ask(EDS, ['api']);
    expect(server.requests()).toEqual([{ type: 'ClusterLoadAssignment', subscribe: ['api'] }]);
  });

  it('begins with all that the proxy has asked for until then', async () => {
    const { proxy, clock, opened } = rig();
    proxy.ask(CDS, [], { api: 'v1' }, 'web-sidecar-proxy');
    proxy.ask(EDS, ['api'], { api: 'e1' });
    await clock.advance(0);
    expect((opened[0] as FakeServer).requests()).toEqual([
      { type: 'Cluster', node: 'web-sidecar-proxy', versions: { api: 'v1' } },
      { type: 'ClusterLoadAssignment', subscribe: ['api'], versions: { api: 'e1' } },
    ]);
  });

  it('is not given what is kept while it thinks, however long that takes', async () => {
    const { records } = await running();
    const again = rig({ records });
    again.proxy.ask(CDS, [], {}, 'web-sidecar-proxy');
    await again.clock.advance(9_000);
    expect(again.toProxy).toEqual([]);
  });
});

describe('a server that goes', () => {
  it('costs the proxy nothing: the next one is told what it has, and only what differs comes', async () => {
    const { proxy, server, opened, avoided, clock, toProxy } = await running();
    server.messages$.error(new AppError('unavailable', 'gone'));
    await clock.advance(1_000);
    const next = opened[1] as FakeServer;
    expect(avoided).toEqual([undefined, 's1']);
    expect(next.requests()).toEqual([
      { type: 'Cluster', node: 'web-sidecar-proxy', versions: { api: 'v1', db: 'v1' } },
      { type: 'ClusterLoadAssignment', subscribe: ['api', 'db'], versions: { api: 'e1', db: 'e1' } },
    ]);
    expect(toProxy).toEqual([]);
    next.give(EDS, resource('db', 'e2'));
    expect(proxy.take()).toEqual([{ type: 'ClusterLoadAssignment', nonce: '2.n1', has: ['db@e2'] }]);
  });

  it('is not mistaken for the next one by a late answer, whose wishes the next one still hears', async () => {
    const { relay, proxy, server, opened, clock } = await running();
    server.give(CDS, resource('db', 'v2'));
    const [late] = proxy.take(false) as [{ nonce: string }];
    server.messages$.error(new AppError('unavailable', 'gone'));
    await clock.advance(1_000);
    const next = opened[1] as FakeServer;
    next.got.length = 0;
    const answer = {
      node: undefined,
      typeUrl: CDS,
      subscribe: ['more'],
      unsubscribe: [],
      versions: new Map<string, string>(),
    };
    relay.receive(withNonce(deltaRequest(answer), NONCE.delta, late.nonce));
    expect(next.requests()).toEqual([{ type: 'Cluster', subscribe: ['more'] }]);
  });

  it('that drains is left when it is this stream turn', async () => {
    const { server, opened, moves, clock } = await running();
    server.draining$.next();
    expect([opened.length, server.ended]).toEqual([1, false]);
    moves[0]?.();
    await clock.advance(0);
    expect([opened.length, server.ended]).toEqual([2, true]);
    expect((opened[1] as FakeServer).requests()).toHaveLength(2);
  });

  it('that does not know the proxy does not cost it its stream: it is asked again', async () => {
    const { server, opened, ended, clock } = await running();
    server.messages$.error(new AppError('notFound', 'no proxy "web-sidecar-proxy" is registered'));
    await clock.advance(10_000);
    expect([ended(), opened.length]).toEqual([undefined, 2]);
  });

  it('that refuses the proxy itself is believed', async () => {
    const { server, ended } = await running();
    server.messages$.error(new AppError('permissionDenied', 'the token may not'));
    expect(ended()?.message).toBe('the token may not');
  });
});

describe('with no server there', () => {
  it('a running proxy keeps what it has, and is sent nothing', async () => {
    const { server, down, clock, toProxy, ended } = await running();
    down(server);
    await clock.advance(60_000);
    expect([toProxy, ended()]).toEqual([[], undefined]);
  });

  it('a proxy that begins anew is given what it had accepted last, type by type as it asks', async () => {
    const { records } = await running();
    const again = rig({ records, reachable: false });
    again.proxy.ask(CDS, [], {}, 'web-sidecar-proxy');
    expect(again.toProxy).toEqual([]);
    await again.clock.advance(500);
    expect(again.proxy.take()).toEqual([{ type: 'Cluster', nonce: 'k.1', has: ['api@v1', 'db@v1'] }]);
    again.proxy.ask(EDS, ['db']);
    expect(again.proxy.take()).toEqual([{ type: 'ClusterLoadAssignment', nonce: 'k.2', has: ['db@e1'] }]);
    again.proxy.ask(EDS, ['api', 'unknown']);
    expect(again.proxy.take()).toEqual([{ type: 'ClusterLoadAssignment', nonce: 'k.3', has: ['api@e1'] }]);
  });

  it('and then a server: nothing is sent again', async () => {
    const { records } = await running();
    const again = rig({ records, reachable: false });
    again.proxy.ask(CDS, [], {}, 'web-sidecar-proxy');
    await again.clock.advance(500);
    again.proxy.take();
    again.up();
    await again.clock.advance(1_000);
    const [server] = again.opened as [FakeServer];
    expect(server.requests()).toEqual([
      { type: 'Cluster', node: 'web-sidecar-proxy', versions: { api: 'v1', db: 'v1' } },
    ]);
    expect(again.toProxy).toEqual([]);
  });

  it('what a proxy refused is not kept, nor what it did not answer', async () => {
    const { proxy, relay, server, records } = await running();
    server.give(CDS, resource('api', 'bad'));
    const [{ nonce }] = proxy.take(false) as [{ nonce: string }];
    const refusal = Buffer.concat([
      deltaRequest({ node: undefined, typeUrl: CDS, subscribe: [], unsubscribe: [], versions: new Map() }),
      fields([6, nonce], [7, 'x']),
    ]);
    // A status with a message, as field 7.
    relay.receive(Buffer.concat([refusal.subarray(0, -3), fields([7, fields([2, 'no']).toString()])]));
    server.give(CDS, resource('api', 'unanswered'));
    const kept = records.of('delta web-sidecar-proxy').resources(CDS);
    expect(kept?.get('api')?.version).toBe('v1');
  });

  it('a proxy of which nothing is kept waits, and is not refused', async () => {
    const { proxy, clock, toProxy, ended, up, opened } = rig({ reachable: false });
    proxy.ask(CDS, [], {}, 'new-proxy');
    await clock.advance(120_000);
    expect([toProxy, ended()]).toEqual([[], undefined]);
    up();
    await clock.advance(1_000);
    expect((opened[0] as FakeServer).requests()).toEqual([{ type: 'Cluster', node: 'new-proxy' }]);
  });

  it('private keys go only where they may', async () => {
    const { proxy, server, records } = await running();
    proxy.ask(SDS, ['leaf']);
    server.give(SDS, resource('leaf', 'l1'));
    proxy.take();
    for (const [maySendSecrets, expected] of [
      [false, 0],
      [true, 1],
    ] as const) {
      const again = rig({ records, reachable: false, maySendSecrets });
      again.proxy.ask(SDS, ['leaf'], {}, 'web-sidecar-proxy');
      await again.clock.advance(500);
      expect(again.toProxy).toHaveLength(expected);
    }
  });
});

describe('what is kept', () => {
  it('is after a while what the proxy has, and nothing from before', async () => {
    const { records, proxy, clock, server } = await running();
    records.of('delta web-sidecar-proxy').accept(CDS, [resource('old', 'v1')], []);
    server.give(CDS, resource('api', 'v2'));
    proxy.take();
    await clock.advance(5_000);
    expect([...(records.of('delta web-sidecar-proxy').resources(CDS)?.keys() ?? [])]).toEqual(['api', 'db']);
  });
});

describe('a proxy that may not be served here', () => {
  it('is told why', () => {
    const { relay, ended } = rig();
    const metadata = Buffer.concat([fields([1, 'node_name']), fields([2, fields([3, 'other']).toString()])]);
    const node = Buffer.concat([nodeNamed('web'), fields([3, fields([1, metadata.toString()]).toString()])]);
    relay.receive(deltaRequest({ node, typeUrl: CDS, subscribe: [], unsubscribe: [], versions: new Map() }));
    expect(ended()?.message).toMatch(/the agent of node "c1" serves proxies of that node only, not of "other"/);
  });

  it('without a node, or with what is no request', () => {
    const first = rig();
    first.proxy.ask(CDS);
    expect(first.ended()?.code).toBe('invalidArgument');
    const second = rig();
    second.relay.receive(Buffer.from('garbage'));
    expect(second.ended()?.code).toBe('invalidArgument');
  });
});

describe('state of the world', () => {
  it('is relayed, and answered as it was last when no server is there', async () => {
    const first = rig({ protocol: 'state-of-the-world' });
    first.relay.receive(wholeRequest(nodeNamed('grpc'), EDS, ['api'], ''));
    await first.clock.advance(0);
    const [server] = first.opened as [FakeServer];
    const answer = fields([1, 'v7'], [2, 'resource'], [4, EDS], [5, 'n1']);
    server.messages$.next(answer);
    const ack = (nonce: string) =>
      withNonce(wholeRequest(undefined, EDS, ['api'], 'v7'), NONCE['state-of-the-world'], nonce);
    first.relay.receive(ack('1.n1'));
    expect(scanStateOfTheWorldRequest(server.got[1] as Buffer).nonce).toBe('n1');
    const again = rig({ protocol: 'state-of-the-world', records: first.records, reachable: false });
    again.relay.receive(wholeRequest(nodeNamed('grpc'), EDS, ['api'], ''));
    await again.clock.advance(500);
    expect(again.toProxy).toEqual([withNonce(answer, NONCE.response, 'k.1')]);
  });
});
