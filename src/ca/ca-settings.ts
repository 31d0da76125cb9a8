import { AppError, formatDurationMs } from '../core/index.js';
import type { CaConfigRecord, Draft } from '../model/index.js';
import {
  type Field,
  alias,
  duration,
  flag,
  integer,
  named,
  object,
  optional,
  text,
  tryDecode,
} from '../model/wire/index.js';
import type { OwnRoot } from './own-root.js';
import type { KeyChoice } from './root.js';

const HOUR_MS = 3_600_000;
const SHORTEST_LEAF_MS = HOUR_MS;
const LONGEST_LEAF_MS = 8760 * HOUR_MS;
const SHORTEST_INTERMEDIATE_MS = 3 * HOUR_MS;
/** An intermediate lives at least as long as so many leaves. */
const LEAVES_PER_INTERMEDIATE = 3;

/** How long things live when nobody says otherwise (consul-behaviour.md 7.1). */
export const DEFAULT_LIFETIMES = {
  leafTtlMs: 72 * HOUR_MS,
  intermediateTtlMs: 8760 * HOUR_MS,
  rootTtlMs: 87_600 * HOUR_MS,
};

/** The sizes of keys that can be made; the first is that of who does not choose. */
export const KEY_BITS: Readonly<Record<KeyChoice['type'], readonly [number, ...number[]]>> = {
  ec: [256, 384, 521],
  rsa: [2048, 4096],
};

/** `Config` of the built-in provider (consul-behaviour.md 7.1); what is not given has its default. */
export interface CaSettings {
  readonly leafTtlMs: number;
  readonly intermediateTtlMs: number;
  readonly rootTtlMs: number;
  readonly key: KeyChoice;
  /** A root that is given, instead of one that is made. */
  readonly own?: OwnRoot;
}

interface GivenSettings {
  readonly clusterId?: string;
  readonly leafCertTtlMs?: number;
  readonly intermediateCertTtlMs?: number;
  readonly rootCertTtlMs?: number;
  readonly privateKeyType?: string;
  readonly privateKeyBits?: number;
  readonly csrMaxPerSecond?: number;
  readonly csrMaxConcurrent?: number;
  readonly skipValidate?: boolean;
  readonly disableCrossSigning?: boolean;
  readonly rotationPeriod?: string;
  readonly privateKey?: string;
  readonly rootCert?: string;
}

const settingsField: Field<GivenSettings> = object<GivenSettings>({
  clusterId: optional(alias(text(), 'cluster_id')),
  leafCertTtlMs: optional(named('LeafCertTTL', duration())),
  intermediateCertTtlMs: optional(named('IntermediateCertTTL', duration())),
  rootCertTtlMs: optional(named('RootCertTTL', duration())),
  privateKeyType: optional(text({ lowerCase: true })),
  privateKeyBits: optional(integer()),
  csrMaxPerSecond: optional(named('CSRMaxPerSecond', integer())),
  csrMaxConcurrent: optional(named('CSRMaxConcurrent', integer())),
  skipValidate: optional(flag()),
  disableCrossSigning: optional(flag()),
  rotationPeriod: optional(text()),
  privateKey: optional(text()),
  rootCert: optional(text()),
});

/** Reads a `Config`. `clusterId` is the cluster's, which cannot change. Throws AppError('invalidArgument' | 'unsupported'). */
export function readCaSettings(config: Readonly<Record<string, unknown>>, clusterId: string): CaSettings {
  const result = tryDecode(settingsField, config);
  if (!result.ok) {
    const problems = result.problems.map(({ path, problem }) => `${path} ${problem}`).join('; ');
    throw new AppError('invalidArgument', `error decoding config: ${problems}`);
  }
  const given = result.value;
  if (given.clusterId && given.clusterId.toLowerCase() !== clusterId)
    throw new AppError('invalidArgument', `the cluster ID cannot be changed: it is ${clusterId} for good`);
  if (given.privateKey && !given.rootCert)
    throw new AppError('invalidArgument', 'PrivateKey needs the certificate that it belongs to: give RootCert, too');
  for (const name of ['csrMaxPerSecond', 'csrMaxConcurrent'] as const)
    if ((given[name] ?? 0) < 0) throw new AppError('invalidArgument', `${name} must not be negative`);
  const settings = {
    leafTtlMs: given.leafCertTtlMs || DEFAULT_LIFETIMES.leafTtlMs,
    intermediateTtlMs: given.intermediateCertTtlMs || DEFAULT_LIFETIMES.intermediateTtlMs,
    rootTtlMs: given.rootCertTtlMs || DEFAULT_LIFETIMES.rootTtlMs,
    key: readKey(given),
    ...(given.rootCert ? { own: { certPem: given.rootCert, privateKeyPem: given.privateKey ?? '' } } : {}),
  };
  if (given.skipValidate !== true) checkLifetimes(settings);
  if (settings.leafTtlMs < 60_000 || settings.leafTtlMs > settings.rootTtlMs)
    throw new AppError('invalidArgument', 'leaf cert TTL must be between 1m and the root cert TTL');
  return settings;
}

function readKey({ privateKeyType, privateKeyBits }: GivenSettings): KeyChoice {
  const type = privateKeyType || 'ec';
  if (type !== 'ec' && type !== 'rsa')
    throw new AppError('invalidArgument', `private key type must be either 'ec' or 'rsa', not "${type}"`);
  const bits = privateKeyBits || KEY_BITS[type][0];
  if (!KEY_BITS[type].includes(bits))
    throw new AppError(
      'invalidArgument',
      `${type} private key bits must be one of ${KEY_BITS[type].join(', ')}, not ${bits}`,
    );
  return { type, bits };
}

function checkLifetimes({ leafTtlMs, intermediateTtlMs, rootTtlMs }: CaSettings): void {
  const refuse = (rule: string): never => {
    throw new AppError('invalidArgument', rule);
  };
  if (leafTtlMs < SHORTEST_LEAF_MS)
    refuse(`leaf cert TTL must be greater or equal than ${formatDurationMs(SHORTEST_LEAF_MS)}`);
  if (leafTtlMs > LONGEST_LEAF_MS) refuse(`leaf cert TTL must be less than ${formatDurationMs(LONGEST_LEAF_MS)}`);
  if (intermediateTtlMs < SHORTEST_INTERMEDIATE_MS)
    refuse(`intermediate cert TTL must be greater or equal than ${formatDurationMs(SHORTEST_INTERMEDIATE_MS)}`);
  if (intermediateTtlMs < LEAVES_PER_INTERMEDIATE * leafTtlMs)
    refuse('intermediate cert TTL must be greater or equal than 3 times the leaf cert TTL');
  if (rootTtlMs < intermediateTtlMs) refuse('root cert TTL must be greater or equal than the intermediate cert TTL');
}

/** The root's certificate in a `Config`, where an operator gave it; empty where the authority made the root. */
export function rootCertIn(config: Readonly<Record<string, unknown>> | undefined): string {
  const result = tryDecode(settingsField, config ?? {});
  return (result.ok && result.value.rootCert) || '';
}

/** A `Config` as it may be shown: the private key reads as empty. */
export const withoutPrivateKey = (config: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> =>
  Object.fromEntries(Object.entries(config).map(([name, value]) => [name, isPrivateKey(name) ? '' : value]));

const isPrivateKey = (name: string): boolean => name.replaceAll('_', '').toLowerCase() === 'privatekey';

/** The `Config` that a stored configuration shows: what was given, or what an older record says. */
export function shownCaConfig(record: Draft<CaConfigRecord>): Readonly<Record<string, unknown>> {
  return record.given ?? { LeafCertTTL: shortDuration(record.leafTtlMs), RootCertTTL: shortDuration(record.rootTtlMs) };
}

/** As people write it: `72h`, not `72h0m0s`. */
export function shortDuration(ms: number): string {
  return formatDurationMs(ms)
    .replace(/(?<=[hm])0s$/, '')
    .replace(/(?<=h)0m$/, '');
}
