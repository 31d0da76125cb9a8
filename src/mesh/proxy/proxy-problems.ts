import type { OpaqueConfig, Upstream } from '../../model/index.js';
import { isHttpLike } from '../discovery-chain/index.js';
import {
  HEALTH_CHECK_NUMBERS,
  LIMIT_NUMBERS,
  PROXY_NUMBERS,
  UPSTREAM_NUMBERS,
  numberProblems,
  objectSetting,
} from './opaque-settings.js';
import { registeredHealthCheck, registeredLimits } from './registered-settings.js';
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
    ...numberProblems(proxy.config, PROXY_NUMBERS, ''),
    ...settings.upstreams.flatMap(upstreamNumberProblems),
    ...(proxy.rateLimits && !isHttpLike(protocol)
      ? [`RateLimits of service "${service}" have no effect: it speaks ${protocol}, and only requests are counted`]
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

/** Numbers of an upstream's own configuration that are given and cannot be carried out. */
function upstreamNumberProblems({ destinationName, config }: Upstream): readonly string[] {
  if (Object.keys(config).length === 0) return [];
  const where = `upstream ${destinationName}: `;
  const inside = (name: string): OpaqueConfig => objectSetting(config, name) ?? {};
  return [
    ...numberProblems(config, UPSTREAM_NUMBERS, where),
    ...numberProblems(inside('limits'), LIMIT_NUMBERS, `${where}limits.`),
    ...numberProblems(inside('passive_health_check'), HEALTH_CHECK_NUMBERS, `${where}passive_health_check.`),
    ...settingsProblems(`${where}limits`, registeredLimits(inside('limits'))),
    ...settingsProblems(`${where}passive_health_check`, registeredHealthCheck(inside('passive_health_check'))),
  ];
}

function settingsProblems(where: string, { problem }: { readonly problem?: string }): readonly string[] {
  return problem === undefined ? [] : [`${where}: what Consul does not have is ignored: ${problem}`];
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
