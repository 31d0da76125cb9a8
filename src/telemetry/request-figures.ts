import type { Labels } from './interval-sink.js';

/** Figures that operators of Consul look for, by the request that they are of (consul-behaviour.md 11.8): durations in ms. */
const DURATIONS: Readonly<Record<string, string>> = {
  'PUT /v1/catalog/register': 'consul.catalog.register',
  'PUT /v1/catalog/deregister': 'consul.catalog.deregister',
  'PUT /v1/kv/': 'consul.kvs.apply',
  'DELETE /v1/kv/': 'consul.kvs.apply',
  'PUT /v1/txn': 'consul.txn.apply',
  'PUT /v1/session/create': 'consul.session.apply',
  'PUT /v1/session/destroy/': 'consul.session.apply',
  'PUT /v1/session/renew/': 'consul.session.renew',
  'PUT /v1/config': 'consul.config_entry.apply',
  'DELETE /v1/config/': 'consul.config_entry.delete',
  'POST /v1/query': 'consul.prepared-query.apply',
  'GET /v1/query/': 'consul.prepared-query.execute',
  'GET /v1/connect/intentions/match': 'consul.intention.match',
};

/** Reads that are counted by themselves. */
const COUNTS: Readonly<Record<string, string>> = {
  'GET /v1/catalog/service/': 'consul.catalog.service.query',
  'GET /v1/catalog/connect/': 'consul.catalog.connect.query',
  'GET /v1/health/service/': 'consul.health.service.query',
  'GET /v1/health/connect/': 'consul.health.connect.query',
  'GET /v1/catalog/nodes': 'consul.client.api.catalog_nodes',
  'GET /v1/catalog/services': 'consul.client.api.catalog_services',
  'PUT /v1/catalog/register': 'consul.client.api.catalog_register',
};

/** Where figures go: what notes one of them, made once and called often. */
export interface FigureSink {
  counter(name: string, labels?: Labels): (value?: number) => void;
  sampler(name: string, labels?: Labels): (value: number) => void;
}

type Count = (value?: number) => void;
type Sample = (value: number) => void;

/** What is noted of the requests of one method and route. */
interface RouteFigures {
  readonly duration: Sample;
  readonly counts: readonly Count[];
  readonly own: Sample | undefined;
}

/** Notes answered requests. */
export class RequestFigures {
  readonly #sink: FigureSink;
  readonly #byMethod = new Map<string, Map<string, RouteFigures>>();
  /** By the first digit of the status. */
  readonly #classes = new Map<number, Count>();
  readonly #errors: Count;

  constructor(sink: FigureSink) {
    this.#sink = sink;
    this.#errors = sink.counter('consul.rpc.request_error');
  }

  /** `route` is the pattern, never the path. */
  note(method: string, route: string, status: number, durationMs: number): void {
    const { duration, counts, own } = this.#figuresOf(method, route);
    duration(durationMs);
    for (const count of counts) count();
    if (status >= 500) this.#errors();
    if (status < 400) own?.(durationMs);
    this.#classOf(Math.floor(status / 100))();
  }

  #figuresOf(method: string, route: string): RouteFigures {
    let byRoute = this.#byMethod.get(method);
    if (!byRoute) this.#byMethod.set(method, (byRoute = new Map()));
    let figures = byRoute.get(route);
    if (!figures) byRoute.set(route, (figures = makeFigures(this.#sink, method, route)));
    return figures;
  }

  #classOf(digit: number): Count {
    let count = this.#classes.get(digit);
    if (!count)
      this.#classes.set(digit, (count = this.#sink.counter('meshwright.http.answers', { class: `${digit}xx` })));
    return count;
  }
}

function makeFigures(sink: FigureSink, method: string, route: string): RouteFigures {
  const request = `${method} ${route}`;
  const counted = ['consul.rpc.request', ...(method === 'GET' ? ['consul.rpc.query'] : [])];
  if (COUNTS[request] !== undefined) counted.push(COUNTS[request]);
  return {
    duration: sink.sampler('consul.api.http', { method, path: route.replace(/^\//, '').replaceAll('/', '_') }),
    counts: counted.map((name) => sink.counter(name)),
    own: DURATIONS[request] === undefined ? undefined : sink.sampler(DURATIONS[request]),
  };
}
