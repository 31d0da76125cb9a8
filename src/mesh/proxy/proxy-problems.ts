import type { ResolvedProxy, ResolvedUpstream } from './resolved-proxy.js';

const PROTOCOLS: ReadonlySet<string> = new Set(['', 'tcp', 'http', 'http2', 'grpc']);

/** What of a proxy's configuration has no effect, as sentences for its operator. */
export function proxyProblems(proxy: ResolvedProxy, upstreams: readonly ResolvedUpstream[]): readonly string[] {
  const { settings, protocol, service } = proxy;
  return [
    ...(PROTOCOLS.has(protocol)
      ? []
      : [
          `protocol "${protocol}" of service "${service}" is not known and treated as tcp: use tcp, http, http2 or grpc`,
        ]),
    ...(proxy.permissiveRefused
      ? [
          'mutual TLS mode "permissive" of the registration is ignored: the mesh entry has to allow it (AllowEnablingPermissiveMutualTLS)',
        ]
      : []),
    ...(settings.expose.checks && settings.destinationServiceId === ''
      ? ['expose.checks has no effect: give the registration the destination_service_id whose checks are meant']
      : []),
    ...upstreams.flatMap(upstreamProblems),
  ];
}

/** Why an upstream has no resources; undefined when it can have them. */
export function unservedUpstream(upstream: ResolvedUpstream): string | undefined {
  if (upstream.peer !== '') return `upstream ${upstream.id}: services of peers are not implemented`;
  return upstream.bindPort > 0 || upstream.bindSocketPath !== ''
    ? undefined
    : `upstream ${upstream.id}: it listens nowhere; give it a local_bind_port or a local_bind_socket_path`;
}

function upstreamProblems(upstream: ResolvedUpstream): readonly string[] {
  const { id, protocol, meshGatewayMode } = upstream;
  return [
    ...(PROTOCOLS.has(protocol)
      ? []
      : [`upstream ${id}: protocol "${protocol}" is not known and treated as tcp: use tcp, http, http2 or grpc`]),
    ...(meshGatewayMode === 'local' || meshGatewayMode === 'remote'
      ? [`upstream ${id}: mesh gateways are not implemented, mode "${meshGatewayMode}" has no effect`]
      : []),
  ];
}
