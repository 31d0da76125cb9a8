import { isHttpLike } from '../../../mesh/discovery-chain/index.js';
import { type Field, flag, object, text } from '../../../model/wire/index.js';
import { packAny } from '../../envoy-api/index.js';
import { toStruct } from '../struct.js';
import { mustBeOneOf } from './argument-rules.js';
import type { Cluster, ExtensionKind } from './extension.js';
import { insertHttpFilter } from './filter-position.js';

interface LambdaArguments {
  readonly arn: string;
  readonly payloadPassthrough: boolean;
  readonly invocationMode: string;
}

const schema: Field<LambdaArguments> = object<LambdaArguments>({
  arn: text(),
  payloadPassthrough: flag(),
  invocationMode: text({ lowerCase: true }),
});

const POSITION = 'before-last';
const ARN = /^arn:[a-z0-9-]+:lambda:([a-z0-9-]+):\d{12}:function:[A-Za-z0-9_-]+(?::[A-Za-z0-9_$-]+)?$/;

/** `builtin/aws/lambda`: the service is a function; who calls it calls AWS (consul-behaviour 6.12). */
export const awsLambda: ExtensionKind<LambdaArguments> = {
  name: 'builtin/aws/lambda',
  schema,
  check: ({ arn, invocationMode }) => [
    ...(ARN.test(arn)
      ? []
      : [{ path: 'ARN', problem: 'must have the form arn:aws:lambda:<region>:<account>:function:<name>' }]),
    ...(invocationMode === '' ? [] : mustBeOneOf('InvocationMode', invocationMode, ['synchronous', 'asynchronous'])),
  ],
  changes: 'callers',
  proxyType: () => 'connect-proxy',
  order: {
    position: POSITION,
    reason: 'it turns the request into a call of the function and signs it: nothing may change the request after it',
  },
  concerns: (_args, place) =>
    place.direction === 'outbound' &&
    isHttpLike(place.protocol) &&
    (place.resource === 'cluster' || place.resource === 'listener'),
  patches: {
    cluster: (cluster, { arn }) => functionCluster(cluster, ARN.exec(arn)?.[1] ?? ''),
    manager: (manager) => ({ ...manager, strip_any_host_port: true }),
    httpFilters: (filters, { arn, payloadPassthrough, invocationMode }) =>
      insertHttpFilter(filters, POSITION, {
        name: 'envoy.filters.http.aws_lambda',
        typed_config: packAny('envoy.extensions.filters.http.aws_lambda.v3.Config', {
          arn,
          payload_passthrough: payloadPassthrough,
          invocation_mode: invocationMode === 'asynchronous' ? 'ASYNCHRONOUS' : 'SYNCHRONOUS',
        }),
      }),
  },
};

/** The endpoint of AWS in a region, in the place of the service's instances. */
function functionCluster({ name = '', connect_timeout }: Cluster, region: string): Cluster {
  const address = { socket_address: { address: `lambda.${region}.amazonaws.com`, port_value: 443 } };
  return {
    name,
    type: 'LOGICAL_DNS',
    dns_lookup_family: 'V4_ONLY',
    ...(connect_timeout ? { connect_timeout } : {}),
    load_assignment: { cluster_name: name, endpoints: [{ lb_endpoints: [{ endpoint: { address } }] }] },
    // Marks the cluster for the filter, which leaves requests to others alone.
    metadata: { filter_metadata: { 'com.amazonaws.lambda': toStruct({ egress_gateway: true }) } },
    transport_socket: {
      name: 'tls',
      typed_config: packAny('envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext', {
        sni: '*.amazonaws.com',
      }),
    },
  };
}
