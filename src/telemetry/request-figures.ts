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

export interface FigureSink {
  count(name: string, labels?: Labels, value?: number): void;
  sample(name: string, value: number, labels?: Labels): void;
}

/** Notes an answered request. `route` is the pattern, never the path. */
export function noteRequest(sink: FigureSink, method: string, route: string, status: number, durationMs: number): void {
  const request = `${method} ${route}`;
  sink.sample('consul.api.http', durationMs, { method, path: route.replace(/^\//, '').replaceAll('/', '_') });
  sink.count('consul.rpc.request');
  if (method === 'GET') sink.count('consul.rpc.query');
  if (status >= 500) sink.count('consul.rpc.request_error');
  const duration = DURATIONS[request];
  if (duration !== undefined && status < 400) sink.sample(duration, durationMs);
  const counted = COUNTS[request];
  if (counted !== undefined) sink.count(counted);
}
