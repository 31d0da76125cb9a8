import { nameProblem } from '../../core/index.js';
import { callsService, type Upstream } from '../records/proxy.js';
import type { ServiceBody } from './service-schema.js';
import { tagsProblem } from './tags-problem.js';

/** A problem that clients know as a refused request: some come alone, some as items of a list. */
export type ServiceProblem = { readonly sentence: string } | { readonly items: readonly string[] };

const GATEWAYS_WITH_PORT = new Set(['mesh-gateway', 'terminating-gateway']);
const KINDS = new Set(['', 'connect-proxy', 'mesh-gateway', 'terminating-gateway', 'ingress-gateway', 'api-gateway']);
/** Of one definition; more can be registered one by one. */
const MAX_CHECKS = 512;
const WILDCARD_ADDRESSES = new Set(['0.0.0.0', '::', '[::]']);

/** The first thing wrong with a service definition (consul-behaviour 2.2 to 2.4), in the order in which clients are told. */
export function serviceProblem(service: ServiceBody): ServiceProblem | undefined {
  const sentence = simpleProblem(service);
  if (sentence !== undefined) return { sentence };
  const items = structuralProblems(service);
  return items.length > 0 ? { items } : undefined;
}

/** The text of a problem: sentences as they are, items under a headline that counts them. */
export function serviceProblemText(problem: ServiceProblem): string {
  if ('sentence' in problem) return problem.sentence;
  const count = problem.items.length === 1 ? '1 error' : `${problem.items.length} errors`;
  return `Validation failed: ${count} occurred:\n${problem.items.map((item) => `\t* ${item}\n`).join('')}\n`;
}

function simpleProblem(service: ServiceBody): string | undefined {
  if (service.name === '') return 'Missing service name';
  const badName = nameProblem(service.name) ?? nameProblem(service.id);
  if (badName !== undefined) return `Invalid service name or ID: it ${badName}`;
  if (WILDCARD_ADDRESSES.has(service.address)) return 'Invalid service address';
  const badTags = tagsProblem(service.tags);
  if (badTags !== undefined) return `Invalid Service Tags: ${badTags}`;
  const checks = service.check.length + service.checks.length;
  if (checks > MAX_CHECKS) return `Invalid checks: a service brings at most ${MAX_CHECKS}, not ${checks}`;
  return metaProblem(service.meta, service.kind) ?? weightsProblem(service.weights);
}

function weightsProblem(weights: ServiceBody['weights']): string | undefined {
  if (weights === undefined) return undefined;
  if (weights.passing < 1) return 'Invalid Weights: Passing must be greater than 0';
  if (weights.warning < 0) return 'Invalid Weights: Warning must be greater or equal than 0';
  if (weights.passing > 65535 || weights.warning > 65535)
    return 'Invalid Weights: DNS Weight must be between 0 and 65535';
  return undefined;
}

function metaProblem(meta: ServiceBody['meta'], kind: string): string | undefined {
  const pairs = Object.entries(meta);
  if (pairs.length > 64) return 'Invalid Service Meta: Node metadata cannot contain more than 64 key/value pairs';
  for (const [key, value] of pairs) {
    const problem = pairProblem(key, value, kind);
    if (problem) return `Invalid Service Meta: Couldn't load metadata pair ('${key}', '${value}'): ${problem}`;
  }
  return undefined;
}

function pairProblem(key: string, value: string, kind: string): string | undefined {
  if (key === '') return 'Key cannot be blank';
  if (!/^[A-Za-z0-9_-]+$/.test(key)) return 'Key contains invalid characters';
  if (key.length > 128) return 'Key is too long (limit: 128 characters)';
  if (key.startsWith('consul-') && !(kind === 'mesh-gateway' && key === 'consul-wan-federation'))
    return "Key prefix 'consul-' is reserved for internal use";
  if (value.length > 512) return 'Value is too long (limit: 512 characters)';
  return undefined;
}

function structuralProblems(service: ServiceBody): string[] {
  const problems: string[] = [];
  if (!KINDS.has(service.kind))
    problems.push(`Kind must be one of ${[...KINDS].filter(Boolean).join(', ')} or empty, not "${service.kind}"`);
  if (service.port < 0 || service.port > 65535) problems.push(`Port must be between 0 and 65535, not ${service.port}`);
  if (service.kind === 'connect-proxy') problems.push(...proxyProblems(service));
  if (GATEWAYS_WITH_PORT.has(service.kind)) problems.push(...gatewayProblems(service));
  problems.push(...sidecarProblems(service));
  if (service.locality?.zone && !service.locality.region) problems.push('zone cannot be set without region');
  return problems;
}

function proxyProblems(service: ServiceBody): string[] {
  const problems: string[] = [];
  const destination = service.proxy?.destinationServiceName ?? '';
  if (service.port === 0 && service.socketPath === '')
    problems.push('Port or SocketPath must be set for a connect-proxy');
  if (destination === '') problems.push('Proxy.DestinationServiceName must be non-empty for Connect proxy services');
  const badDestination = nameProblem(destination);
  if (badDestination !== undefined) problems.push(`Proxy.DestinationServiceName ${badDestination}`);
  if (destination === '*')
    problems.push('Proxy.DestinationServiceName must not be a wildcard for Connect proxy services');
  if (service.connect?.native) problems.push('A Proxy cannot also be Connect Native, only typical services');
  return [...problems, ...upstreamProblems(service.proxy?.upstreams ?? [])];
}

/** What is wrong with the upstreams of a proxy, as clients know it (consul-behaviour 2.4). */
export function upstreamProblems(upstreams: readonly Upstream[]): readonly string[] {
  const problems: string[] = [];
  const binds = new Set<string>();
  const names = new Set<string>();
  for (const upstream of upstreams) {
    const { destinationType, destinationName, destinationPeer, datacenter } = upstream;
    if (!['', 'service', 'prepared_query'].includes(destinationType))
      problems.push(`unknown upstream destination type: "${destinationType as string}"`);
    if (destinationName === '') problems.push('upstream destination name cannot be empty');
    if (destinationName === '*') problems.push('upstream destination name cannot be a wildcard');
    const unusable = [destinationName, destinationPeer, datacenter]
      .map(nameProblem)
      .find((problem) => problem !== undefined);
    if (unusable !== undefined) problems.push(`upstream destination names and datacenters ${unusable}`);
    if (destinationPeer !== '' && datacenter !== '')
      problems.push('upstream cannot specify both destination peer and datacenter');
    if (upstream.localBindPort === 0 && upstream.localBindSocketPath === '' && upstream.centrallyConfigured !== true)
      problems.push('upstream local bind port or local socket path must be defined and nonzero');
    const bind =
      upstream.localBindSocketPath || `${upstream.localBindAddress || '127.0.0.1'}:${upstream.localBindPort}`;
    if (binds.has(bind))
      problems.push(
        `upstreams cannot contain duplicates by local bind address and port or unix path; "${bind}" is specified twice`,
      );
    const name = `[type="${callsService(upstream) ? 'service' : destinationType}", name="${destinationName}", partition="", namespace="", peer="${destinationPeer}", datacenter="${datacenter}"]`;
    if (names.has(name)) problems.push(`upstreams cannot contain duplicates of ${name}`);
    binds.add(bind);
    names.add(name);
  }
  return problems;
}

function gatewayProblems(service: ServiceBody): string[] {
  const problems: string[] = [];
  if (service.port === 0) problems.push(`Port must be non-zero for a ${service.kind}`);
  if (service.proxy?.destinationServiceName)
    problems.push(`The Proxy.DestinationServiceName configuration is invalid for a ${service.kind}`);
  if (service.proxy?.upstreams.length)
    problems.push(`The Proxy.Upstreams configuration is invalid for a ${service.kind}`);
  return problems;
}

function sidecarProblems(service: ServiceBody): string[] {
  const sidecar = service.connect?.sidecarService;
  if (sidecar === undefined) return [];
  const problems: string[] = [];
  if (sidecar.id !== '') problems.push('A SidecarService cannot specify an ID as this is managed by the agent');
  if (sidecar.connect?.sidecarService) problems.push('A SidecarService cannot have a nested SidecarService');
  if (sidecar.port < 0 || sidecar.port > 65535)
    problems.push(`Port of the SidecarService must be between 0 and 65535, not ${sidecar.port}`);
  problems.push(...upstreamProblems(sidecar.proxy?.upstreams ?? []));
  return problems;
}
