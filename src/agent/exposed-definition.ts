import { formatHostPort } from '../core/index.js';
import type { CheckDefinition } from '../model/definitions/index.js';
import type { ExposedCheck } from '../model/index.js';

const HEALTH_METHOD = '/grpc.health.v1.Health/Check';
const HTTP_PORT = 80;

/** Where a check goes instead of to the application: to the listener that a proxy opens for it. */
export interface ExposedPlace {
  readonly address: string;
  readonly port: number;
}

/**
 * What of an application a check looks at, if a proxy can let it through: plain HTTP and gRPC (consul-behaviour 2.5). A check over
 * TLS cannot be, for the proxy's listener and its way to the application are plain.
 */
export function exposable(definition: CheckDefinition): ExposedCheck | undefined {
  if (definition.http !== '') {
    const url = URL.canParse(definition.http) ? new URL(definition.http) : undefined;
    if (url?.protocol !== 'http:') return undefined;
    return { path: url.pathname, port: Number(url.port) || HTTP_PORT, protocol: 'http' };
  }
  if (definition.grpc === '' || definition.grpcUseTls) return undefined;
  const port = Number(/:(\d+)$/.exec(grpcTarget(definition.grpc).host)?.[1]);
  return port > 0 ? { path: HEALTH_METHOD, port, protocol: 'http2' } : undefined;
}

/** The definition of the same check by way of a proxy: only where it connects to is another. */
export function exposedDefinition(definition: CheckDefinition, { address, port }: ExposedPlace): CheckDefinition {
  const host = formatHostPort({ host: address, port });
  if (definition.http === '') return { ...definition, grpc: host + grpcTarget(definition.grpc).service };
  const { pathname, search } = new URL(definition.http);
  return { ...definition, http: `http://${host}${pathname}${search}` };
}

/** `host:port[/service]` in its parts; the service with its slash, or empty. */
export function grpcTarget(target: string): { readonly host: string; readonly service: string } {
  const slash = target.indexOf('/');
  return slash < 0 ? { host: target, service: '' } : { host: target.slice(0, slash), service: target.slice(slash) };
}
