import { AppError, type HostPort, ipVersion, parseHostPort } from '../../core/index.js';
import type { AgentOptions } from './options.js';

/** What the DNS edge does and says (consul-behaviour 9). */
export interface DnsConfig {
  /** In lower case, without dots around it. */
  readonly domain: string;
  /** A second domain that means the same; empty = none. */
  readonly altDomain: string;
  /** Who is asked about other names, in this order. */
  readonly recursors: readonly HostPort[];
  readonly recursorStrategy: 'sequential' | 'random';
  readonly recursorTimeoutMs: number;
  /** Answers come from what this server has at hand; otherwise only after everything acknowledged is there. */
  readonly allowStale: boolean;
  /** Of a client agent: how old an answer may be while no server is there. */
  readonly maxStaleMs: number;
  /** Of a client agent: answers are kept for a moment. */
  readonly useCache: boolean;
  /** For how long; 0 = 10 s. */
  readonly cacheMaxAgeMs: number;
  readonly nodeTtlSeconds: number;
  /** By name of the service, `prefix*` or `*`, in lower case. */
  readonly serviceTtlSeconds: Readonly<Record<string, number>>;
  readonly onlyPassing: boolean;
  /** Most answers over UDP to those who take 512 bytes only; 0 = as many as fit. */
  readonly udpAnswerLimit: number;
  /** Most addresses in an answer; 0 = all. */
  readonly aRecordLimit: number;
  /** Whether an answer that was cut says so. */
  readonly enableTruncate: boolean;
  readonly disableCompression: boolean;
  /** Metadata of nodes goes with their addresses. */
  readonly nodeMetaTxt: boolean;
  readonly soa: {
    readonly refreshSeconds: number;
    readonly retrySeconds: number;
    readonly expireSeconds: number;
    readonly minTtlSeconds: number;
  };
}

const DNS_PORT = 53;
const TEN_YEARS_MS = 87_600 * 3_600_000;
const DOMAIN = /^(?=.{1,200}$)[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?(?:\.[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?)*$/;

/** Where this agent answers DNS. */
interface DnsPlace {
  readonly addresses: readonly string[];
  readonly port: number;
}

/**
 * The DNS options with defaults filled in and rules checked. `own` is where this agent answers: it must not ask itself. Throws
 * AppError('invalidArgument').
 */
export function resolveDns(options: AgentOptions, own: DnsPlace): DnsConfig {
  const given = options.dnsConfig ?? {};
  const strategy = given.recursorStrategy || 'sequential';
  if (strategy !== 'sequential' && strategy !== 'random')
    throw invalid(`dns_config.recursor_strategy must be "sequential" or "random", not "${strategy}"`);
  const recursors = (options.recursors ?? []).map(recursorOf);
  for (const { host, port } of recursors)
    if (
      port === own.port &&
      own.addresses.some((address) => host === address || (isEverywhere(address) && /^127\.|^::1$/.test(host)))
    )
      throw invalid(`recursors names ${host}:${port}, where this agent answers DNS itself: name another server`);
  return {
    domain: domainOf('domain', options.domain || 'consul'),
    altDomain: options.altDomain ? domainOf('alt_domain', options.altDomain) : '',
    recursors,
    recursorStrategy: strategy,
    recursorTimeoutMs: notNegative('recursor_timeout', given.recursorTimeoutMs ?? 2000) || 2000,
    allowStale: given.allowStale ?? true,
    maxStaleMs: span('max_stale', given.maxStaleMs ?? TEN_YEARS_MS),
    useCache: given.useCache ?? false,
    cacheMaxAgeMs: span('cache_max_age', given.cacheMaxAgeMs ?? 0),
    nodeTtlSeconds: seconds('node_ttl', given.nodeTtlMs ?? 0),
    serviceTtlSeconds: Object.fromEntries(
      Object.entries(given.serviceTtlMs ?? {}).map(([name, ttlMs]) => [
        name.toLowerCase(),
        seconds(`service_ttl.${name}`, ttlMs),
      ]),
    ),
    onlyPassing: given.onlyPassing ?? false,
    udpAnswerLimit: notNegative('udp_answer_limit', given.udpAnswerLimit ?? 3),
    aRecordLimit: notNegative('a_record_limit', given.aRecordLimit ?? 0),
    enableTruncate: given.enableTruncate ?? false,
    disableCompression: given.disableCompression ?? false,
    nodeMetaTxt: given.enableAdditionalNodeMetaTxt ?? true,
    soa: {
      refreshSeconds: notNegative('soa.refresh', given.soa?.refresh ?? 3600),
      retrySeconds: notNegative('soa.retry', given.soa?.retry ?? 600),
      expireSeconds: notNegative('soa.expire', given.soa?.expire ?? 86_400),
      minTtlSeconds: notNegative('soa.min_ttl', given.soa?.minTtl ?? 0),
    },
  };
}

const isEverywhere = (address: string): boolean => address === '0.0.0.0' || address === '::';

const invalid = (message: string): AppError => new AppError('invalidArgument', message);

function domainOf(option: string, given: string): string {
  const domain = given.toLowerCase().replace(/^\.|\.$/g, '');
  if (!DOMAIN.test(domain))
    throw invalid(`${option} must be a DNS domain like "consul" or "mesh.example", not "${given}"`);
  return domain;
}

/** `10.0.0.1`, `10.0.0.1:5353`, `fd00::1` or `[fd00::1]:5353`. */
function recursorOf(given: string): HostPort {
  const place = ipVersion(given) ? { host: given, port: DNS_PORT } : parseHostPort(given);
  if (place === undefined || !ipVersion(place.host))
    throw invalid(`recursors takes IP addresses, with a port where it is not 53, not "${given}"`);
  return place;
}

function notNegative(option: string, value: number): number {
  if (!Number.isSafeInteger(value) || value < 0 || value > 2 ** 31 - 1)
    throw invalid(`dns_config.${option} must be a number from 0 to 2147483647, not ${value}`);
  return value;
}

function span(option: string, ms: number): number {
  if (ms < 0) throw invalid(`dns_config.${option} must not be negative`);
  return ms;
}

const seconds = (option: string, ttlMs: number): number => notNegative(option, Math.floor(ttlMs / 1000));
