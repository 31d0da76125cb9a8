import type { IngressGatewayEntry, IngressListener, IngressSds, IngressService } from '../ingress-gateway.js';
import { headerModifiersProblem } from './header-modifiers.js';
import { isHostname, isWildcardHostname, quoted } from './hostname.js';
import { metaProblem } from './meta.js';
import { type Problem, firstProblem } from './problems.js';

const PROTOCOLS = ['tcp', 'http', 'http2', 'grpc'];
const EVERY_SERVICE = '*';

/** The first thing wrong with the listeners of an ingress gateway, in Consul's words (consul-behaviour 4.7). */
export function ingressListenersProblem(entry: IngressGatewayEntry): Problem {
  const ports = new Set<number>();
  return firstProblem(entry.listeners ?? [], (listener, position) => {
    const at = `Listeners[${position}]`;
    const { port, protocol } = listener;
    if (port < 1 || port > 65_535) return `${at}.Port must be between 1 and 65535, not ${port}`;
    if (ports.has(port)) return `${at}: port ${port} declared on two listeners`;
    ports.add(port);
    if (!PROTOCOLS.includes(protocol))
      return `${at}: protocol must be 'tcp', 'http', 'http2', or 'grpc'. '${protocol}' is an unsupported protocol`;
    return servicesProblem(at, entry, listener);
  });
}

function servicesProblem(at: string, entry: IngressGatewayEntry, listener: IngressListener): Problem {
  const { port, protocol, services } = listener;
  const on = `(listener on port ${port})`;
  if (services.length === 0) return `${at}: No service declared for listener with port ${port}`;
  if (protocol === 'tcp' && services.length > 1)
    return `${at}: Multiple services per listener are only supported for L7 protocols, 'http', 'grpc' and 'http2' ${on}`;
  const gatewaySds = sdsProblem(entry.tls.sds, undefined);
  if (gatewaySds !== undefined) return `${gatewaySds} for gateway ${on}`;
  const listenerSds = sdsProblem(listener.tls?.sds, entry.tls.sds);
  if (listenerSds !== undefined) return `${at}: ${listenerSds} for listener on port ${port}`;
  const names = new Set<string>();
  const hosts = new Set<string>();
  return firstProblem(services, (service, position) => {
    const where = `${at}.Services[${position}]`;
    if (service.name === '') return `${where}: Service name cannot be blank ${on}`;
    if (names.has(service.name)) return `${where}: Service ${service.name} cannot be added multiple times ${on}`;
    names.add(service.name);
    return (
      wildcardProblem(where, on, listener, service) ??
      hostsProblem(`${where}.Hosts`, on, service, hosts, servesTls(entry, listener)) ??
      serviceSdsProblem(where, entry, listener, service) ??
      headersProblem(where, listener, service) ??
      metaProblem(service.meta)
    );
  });
}

function wildcardProblem(where: string, on: string, { protocol }: IngressListener, service: IngressService): Problem {
  if (service.name === EVERY_SERVICE && protocol === 'tcp')
    return `${where}: Wildcard service name is only valid for protocol = 'http' ${on}`;
  if ((service.hosts ?? []).length === 0) return undefined;
  if (service.name === EVERY_SERVICE) return `${where}: Associating hosts to a wildcard service is not supported ${on}`;
  return protocol === 'tcp'
    ? `${where}: Associating hosts to a service is not supported for the tcp protocol ${on}`
    : undefined;
}

function hostsProblem(where: string, on: string, service: IngressService, seen: Set<string>, tls: boolean): Problem {
  return firstProblem(service.hosts ?? [], (host, position) => {
    const at = `${where}[${position}]`;
    const folded = host.toLowerCase();
    if (seen.has(folded)) return `${at}: Hosts must be unique within a specific listener ${on}`;
    seen.add(folded);
    if (host === '*' && tls)
      return `${at}: Host '*' is not allowed when TLS is enabled, all hosts must be valid DNS records to add as a DNSSAN`;
    if (host.includes('*') && !isWildcardHostname(host))
      return `${at}: Host ${quoted(host)} is not valid, a wildcard specifier is only allowed as the leftmost label`;
    // A port is part of what clients send, and no part of a certificate.
    const name = tls ? host : host.replace(/:\d{1,5}$/, '');
    return isHostname(name) || isWildcardHostname(name)
      ? undefined
      : `${at}: Host ${quoted(host)} is not valid, it must be a DNS hostname`;
  });
}

function servesTls(entry: IngressGatewayEntry, listener: IngressListener): boolean {
  return entry.tls.enabled || listener.tls?.enabled === true;
}

/** What is missing for a certificate of these settings over those of the levels above; undefined when there is none to get. */
function sdsProblem(own: IngressSds | undefined, above: IngressSds | undefined): Problem {
  const cluster = own?.clusterName || above?.clusterName || '';
  const resource = own?.certResource || above?.certResource || '';
  if (cluster === '' && resource !== '') return 'TLS.SDS.ClusterName is required if CertResource is set';
  return cluster !== '' && resource === '' ? 'TLS.SDS.CertResource is required if ClusterName is set' : undefined;
}

function serviceSdsProblem(
  where: string,
  entry: IngressGatewayEntry,
  listener: IngressListener,
  { name, hosts, tls }: IngressService,
): Problem {
  const own = tls?.sds;
  if (own === undefined || (own.clusterName === '' && own.certResource === '')) return undefined;
  const which = `(service "${name}" on listener on port ${listener.port})`;
  if (own.certResource === '') return `${where}: TLS.SDS.CertResource is required if ClusterName is set ${which}`;
  const above = {
    clusterName: listener.tls?.sds?.clusterName || entry.tls.sds?.clusterName || '',
    certResource: '',
  };
  const problem = sdsProblem(own, above);
  if (problem !== undefined) return `${where}: ${problem} ${which}`;
  return (hosts ?? []).length === 0
    ? `${where}: A service specifying TLS.SDS.CertResource must have at least one item in Hosts ${which}`
    : undefined;
}

function headersProblem(where: string, { protocol, port }: IngressListener, service: IngressService): Problem {
  const { name, requestHeaders, responseHeaders } = service;
  const which = `(service "${name}" on listener on port ${port})`;
  if (protocol === 'tcp' && requestHeaders)
    return `${where}.RequestHeaders: request headers only valid for http, http2 and grpc protocols ${which}`;
  if (protocol === 'tcp' && responseHeaders)
    return `${where}.ResponseHeaders: response headers only valid for http, http2 and grpc protocols ${which}`;
  return (
    headerModifiersProblem(`${where}.RequestHeaders`, requestHeaders) ??
    headerModifiersProblem(`${where}.ResponseHeaders`, responseHeaders)
  );
}
