import { ipVersion } from '../../../core/index.js';
import { type Field, duration, list, named, object, optional, text } from '../../../model/wire/index.js';
import { durationOf } from '../config-sources.js';
import { http2Options } from '../clusters/http2-options.js';
import type { ArgumentProblem, Cluster, ExtensionTarget } from './extension.js';

/** A service of the mesh, as arguments name one. */
export interface ServiceName {
  readonly name: string;
  readonly namespace: string;
  readonly partition: string;
}

/** A server that a filter talks to: a service that is an upstream of the proxy, or a port of the proxy's own host. */
export interface ServerTarget {
  readonly service?: ServiceName;
  /** `localhost:<port>`, `127.0.0.1:<port>` or `::1:<port>`. */
  readonly uri: string;
  /** 0 = not given. */
  readonly timeoutMs: number;
}

/** A server that speaks gRPC, and what is sent along with every call. */
export interface GrpcServiceArguments {
  readonly target: ServerTarget;
  readonly authority: string;
  readonly initialMetadata: readonly HeaderArgument[];
}

export interface HeaderArgument {
  readonly key: string;
  readonly value: string;
}

export const serviceNameField: Field<ServiceName> = object<ServiceName>({
  name: text(),
  namespace: text(),
  partition: text(),
});

export const headersField: Field<readonly HeaderArgument[]> = list(
  object<HeaderArgument>({ key: text(), value: text() }),
);

export const serverTargetField: Field<ServerTarget> = object<ServerTarget>({
  service: optional(serviceNameField),
  uri: text(),
  timeoutMs: duration(),
});

export const grpcServiceField: Field<GrpcServiceArguments | undefined> = named(
  'GrpcService',
  optional(
    object<GrpcServiceArguments>({
      target: serverTargetField,
      authority: text(),
      initialMetadata: headersField,
    }),
  ),
);

const OWN_HOST = /^(localhost|127\.0\.0\.1|::1|\[::1\]):(\d{1,5})$/;

/** What is wrong with a target. */
export function targetProblems(path: string, { service, uri, timeoutMs }: ServerTarget): readonly ArgumentProblem[] {
  const named = service !== undefined;
  if (named === (uri !== '')) {
    const problem = named
      ? 'has a Service and a URI: give one of them'
      : 'is missing: give a Service, or the URI of a server on the same host';
    return [{ path, problem }];
  }
  return [
    ...(service ? serviceNameProblems(`${path}.Service`, service) : []),
    ...(uri === '' || portOf(uri) !== undefined
      ? []
      : [
          {
            path: `${path}.URI`,
            problem: `must be localhost:<port>, 127.0.0.1:<port> or ::1:<port>, not "${uri}": other servers are named as a Service`,
          },
        ]),
    ...(timeoutMs < 0 ? [{ path: `${path}.Timeout`, problem: 'must not be negative' }] : []),
  ];
}

/** A service needs a name; there is one namespace and one partition. */
export function serviceNameProblems(
  path: string,
  { name, namespace, partition }: ServiceName,
): readonly ArgumentProblem[] {
  const only = (field: string, given: string) =>
    ['', 'default'].includes(given)
      ? []
      : [{ path: `${path}.${field}`, problem: `must be left out or "default", not "${given}"` }];
  return [
    ...(name === '' ? [{ path: `${path}.Name`, problem: 'is missing' }] : []),
    ...only('Namespace', namespace),
    ...only('Partition', partition),
  ];
}

function portOf(uri: string): number | undefined {
  const port = Number(OWN_HOST.exec(uri)?.[2]);
  return port >= 1 && port <= 65_535 ? port : undefined;
}

/** Where the filter's calls go; a server on the same host gets a cluster of this name. */
export function toExtensionTarget(target: ServerTarget, clusterName: string, http2: boolean): ExtensionTarget {
  return target.service
    ? { type: 'upstream', service: target.service.name, http2 }
    : { type: 'local', clusterName, cluster: localCluster(target, clusterName, http2) };
}

function localCluster({ uri, timeoutMs }: ServerTarget, clusterName: string, http2: boolean): Omit<Cluster, 'name'> {
  const host = (OWN_HOST.exec(uri)?.[1] ?? '').replace(/^\[|\]$/g, '');
  const address = { socket_address: { address: host, port_value: portOf(uri) ?? 0 } };
  return {
    // `localhost` may have two addresses; servers of one host listen on the older more often.
    ...(ipVersion(host) === undefined ? { type: 'STRICT_DNS', dns_lookup_family: 'V4_PREFERRED' } : { type: 'STATIC' }),
    ...(timeoutMs > 0 ? { connect_timeout: durationOf(timeoutMs) } : {}),
    load_assignment: { cluster_name: clusterName, endpoints: [{ lb_endpoints: [{ endpoint: { address } }] }] },
    ...(http2 ? { typed_extension_protocol_options: http2Options('grpc') } : {}),
  };
}

/** How Envoy calls a gRPC server behind a cluster. */
export function grpcServiceOf({ target, authority, initialMetadata }: GrpcServiceArguments, cluster: string) {
  return {
    envoy_grpc: { cluster_name: cluster, ...(authority === '' ? {} : { authority }) },
    ...(target.timeoutMs > 0 ? { timeout: durationOf(target.timeoutMs) } : {}),
    ...(initialMetadata.length > 0 ? { initial_metadata: initialMetadata.map(headerOf) } : {}),
  };
}

/** A header as Envoy has it. */
export const headerOf = ({ key, value }: HeaderArgument) => ({ key, value });

/** Names and values of headers: what HTTP allows. */
export function headerProblems(path: string, headers: readonly HeaderArgument[]): readonly ArgumentProblem[] {
  return headers.flatMap(({ key, value }, position) => [
    ...(/^:?[!#$%&'*+.^_`|~0-9A-Za-z-]+$/.test(key)
      ? []
      : [{ path: `${path}[${position}].Key`, problem: `must be the name of a header, not "${key}"` }]),
    ...(/[\r\n\0]/.test(value)
      ? [{ path: `${path}[${position}].Value`, problem: 'must not contain line breaks or NUL' }]
      : []),
  ]);
}
