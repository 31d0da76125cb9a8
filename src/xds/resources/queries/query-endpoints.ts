import { instanceEndpoint } from '../../../mesh/proxy/index.js';
import { queryAnswerCell, queryKey } from '../../../mesh/queries/index.js';
import type { Locality } from '../../../model/index.js';
import { packAny } from '../../envoy-api/index.js';
import type { Builder } from '../builder.js';
import { isUsable, placedEndpoints } from '../clusters/endpoints.js';
import type { QueryInput } from './query-cluster.js';

export interface QueryEndpointsInput extends QueryInput {
  readonly name: string;
  /** Where the caller is, when it prefers instances that are near. */
  readonly from?: Locality;
}

/** What a prepared query finds, as endpoints; an assignment without any when that is nothing, never a removal. */
export const queryEndpoints: Builder<QueryEndpointsInput> = (view, { name, query, datacenter, from }) => {
  const answer = view.cell(queryAnswerCell, queryKey({ query, datacenter, connect: true }));
  const found = answer.type === 'found' ? answer.instances : [];
  const endpoints = found.map(({ node, service, checks }) => instanceEndpoint(node, service, checks, false));
  const any = packAny('envoy.config.endpoint.v3.ClusterLoadAssignment', {
    cluster_name: name,
    ...placedEndpoints(endpoints.filter(isUsable), from),
  });
  return { name, any };
};
