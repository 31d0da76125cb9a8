import { createXdsServer, type ProxyKey } from '../../src/xds/server/index.js';
import { systemClock, tupleKey } from '../../src/core/index.js';
import type { EncodedResource, ResourceType } from '../../src/xds/resources/spec.js';
import { FakeCa } from '../xds/server/support/fake-ca.js';
import type { FakeClock } from '../xds/server/support/fake-clock.js';
import { FakeStore } from '../xds/server/support/fake-store.js';
import {
  cluster,
  endpoints,
  extension,
  listener,
  roots,
  route,
  staticCluster,
} from '../xds/server/support/resources.js';
import { needsOf } from '../xds/server/support/session-rig.js';
import { type ChangeKind, UPSTREAMS } from './change-kinds.js';
import { answerQuestions } from './child.js';

/** The xDS server alone, over cells set by hand whose bytes are as large as the real ones. */

const store = new FakeStore();
const filler = (bytes: number, round: number): string => `${round} `.padEnd(bytes, 'x');
const put = (resource: EncodedResource, key = `${resource.type}/${resource.name}`): void =>
  store.set('resource', key, resource);
const sizes = {
  endpoint: 2_900,
  smallEndpoint: 330,
  cluster: 500,
  listener: 1_200,
  publicListener: 2_600,
  route: 900,
  extension: 600,
};

function setUp(ids: readonly string[]): void {
  const upstreams = Array.from({ length: UPSTREAMS }, (_, number) => `upstream-${number}`);
  const listeners = upstreams.map((name, number) => `${name}:127.0.0.1:${9_000 + number}`);
  put(staticCluster('local_app', filler(200, 0)));
  put(roots(filler(700, 0)));
  put(extension('envoy.filters.http.rbac', filler(sizes.extension, 0)));
  put(route('upstream-0', filler(sizes.route, 0)));
  upstreams.forEach((name, number) => {
    put(cluster(name, filler(sizes.cluster, 0), { tls: true }));
    put(endpoints(name, filler(number === 0 ? sizes.endpoint : sizes.smallEndpoint, 0)));
    put(
      listener(listeners[number]!, { note: filler(sizes.listener, 0), ...(number === 0 ? { routeName: name } : {}) }),
    );
  });
  for (const id of ids) {
    const publicListener = `public_listener:10.0.0.1:20000`;
    const key = `listener/${publicListener} of ${id}`;
    put(
      listener(publicListener, {
        filters: ['envoy.filters.http.rbac'],
        tls: true,
        note: filler(sizes.publicListener, 0) + id,
      }),
      key,
    );
    const names: Partial<Record<ResourceType, readonly (string | readonly [string, string])[]>> = {
      cluster: ['local_app', ...upstreams],
      endpoint: upstreams,
      secret: ['roots'],
      listener: [[publicListener, key], ...listeners],
      route: ['upstream-0'],
      extension: ['envoy.filters.http.rbac'],
    };
    const needs = needsOf(names);
    store.set('needs', tupleKey('n1', id), {
      ...needs,
      identity: { ...needs.identity, proxyId: id, spiffeId: `spiffe://bench/${id}` },
    });
  }
  store.flush();
}

function change(kind: ChangeKind, round: number): void {
  if (kind === 'endpoint') put(endpoints('upstream-0', filler(sizes.endpoint, round)));
  else if (kind === 'intention' || kind === 'wildcard')
    put(extension('envoy.filters.http.rbac', filler(sizes.extension, round)));
  else put(route('upstream-0', filler(sizes.route, round)));
  store.flush();
}

/** A CA whose leaves are as large as real ones and never due. */
class BenchCa extends FakeCa {
  override issueLeaf(request: Parameters<FakeCa['issueLeaf']>[0]): ReturnType<FakeCa['issueLeaf']> {
    const leaf = super.issueLeaf(request);
    return { ...leaf, certPem: leaf.certPem.padEnd(950, 'c'), privateKeyPem: leaf.privateKeyPem.padEnd(240, 'k') };
  }
}

let server: ReturnType<typeof createXdsServer>;

answerQuestions(async (question) => {
  if (question.op === 'start') {
    server = createXdsServer({
      store: store,
      ca: new BenchCa(systemClock as unknown as FakeClock),
      needsCell: { kind: 'needs', compute: () => undefined },
      proxyNeedsKey: ({ node, proxyId }) => tupleKey(node, proxyId),
      resourceCell: { kind: 'resource', compute: () => undefined },
      findProxy: (_node, proxyId): ProxyKey => ({ node: 'n1', proxyId }),
      clock: systemClock,
      logger: { debug: () => undefined, info: () => undefined, warn: () => undefined, error: console.error },
    });
    const { port } = await server.listen('127.0.0.1', 0);
    setUp(question.ids as string[]);
    return { port };
  }
  if (question.op === 'change') {
    const from = String(process.hrtime.bigint());
    change(question.kind as ChangeKind, question.round as number);
    return { from };
  }
  throw new Error(`unknown question ${String(question.op)}`);
});
