import { isHttpLike } from '../../../mesh/discovery-chain/index.js';
import type { Builder } from '../builder.js';
import { type NamedFilter, httpConnectionManager } from '../http-connection-manager.js';
import { type OutboundListenerInput, outboundListener } from '../transparent/outbound-listener.js';
import { tcpProxy } from '../upstreams/upstream-filter.js';

/** The listener of an upstream that is a prepared query. */
export interface QueryListenerInput extends OutboundListenerInput {
  /** Name of the query. */
  readonly query: string;
  readonly cluster: string;
  readonly protocol: string;
}

/** Where an application reaches what a prepared query finds: TCP or HTTP to one cluster, routes inline (consul-behaviour 6.4). */
export const queryListener: Builder<QueryListenerInput> = (_view, input) =>
  outboundListener(input, () => {
    const statPrefix = `upstream.prepared_query_${input.query}`;
    const filter = isHttpLike(input.protocol)
      ? httpFilter(statPrefix, input)
      : tcpProxy(statPrefix, input.cluster, input.accessLogs);
    return { filter, references: [] };
  });

function httpFilter(statPrefix: string, input: QueryListenerInput): NamedFilter {
  const routes = [{ match: { prefix: '/' }, route: { cluster: input.cluster } }];
  return httpConnectionManager({
    statPrefix,
    protocol: input.protocol,
    routes: {
      type: 'inline',
      routeConfig: {
        name: input.upstream,
        virtual_hosts: [{ name: input.upstream, domains: ['*'], routes }],
      },
    },
    filters: [],
    ...(input.accessLogs ? { accessLogs: input.accessLogs } : {}),
    ...(input.tracingJson === undefined ? {} : { tracingJson: input.tracingJson }),
  });
}
