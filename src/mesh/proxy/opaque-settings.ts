import type { OpaqueConfig } from '../../model/index.js';

const UINT32 = 4_294_967_295;
/** Envoy counts nanoseconds in 63 bits. */
const LONGEST_MS = 9_000_000_000_000;
const PORT = 65_535;

type Range = readonly [least: number, most: number];

/** Numbers of a proxy's configuration that we read, and what each may be (consul-behaviour 6.13). */
export const PROXY_NUMBERS = {
  bind_port: [0, PORT],
  local_connect_timeout_ms: [0, LONGEST_MS],
  local_request_timeout_ms: [0, LONGEST_MS],
  local_idle_timeout_ms: [0, LONGEST_MS],
  max_inbound_connections: [0, UINT32],
  xds_fetch_timeout_ms: [0, LONGEST_MS],
} as const satisfies Readonly<Record<string, Range>>;

/** Numbers of an upstream's configuration (consul-behaviour 2.4). */
export const UPSTREAM_NUMBERS = { connect_timeout_ms: [0, LONGEST_MS] } as const satisfies Readonly<
  Record<string, Range>
>;
export const LIMIT_NUMBERS = {
  max_connections: [0, UINT32],
  max_pending_requests: [0, UINT32],
  max_concurrent_requests: [0, UINT32],
} as const satisfies Readonly<Record<string, Range>>;
export const HEALTH_CHECK_NUMBERS = {
  max_failures: [0, UINT32],
  enforcing_consecutive_5xx: [0, 100],
  max_ejection_percent: [0, 100],
} as const satisfies Readonly<Record<string, Range>>;

const fold = (name: string): string => name.replaceAll('_', '').toLowerCase();

/** A value by its name, whose case and underscores do not count. */
export function settingOf(config: OpaqueConfig, name: string): unknown {
  if (Object.hasOwn(config, name)) return config[name];
  const key = Object.keys(config).find((candidate) => fold(candidate) === fold(name));
  return key === undefined ? undefined : config[key];
}

/** An object, given as one or as the only item of a list (a block of HCL). */
export function objectSetting(config: OpaqueConfig, name: string): OpaqueConfig | undefined {
  const value = settingOf(config, name);
  const object = Array.isArray(value) && value.length === 1 ? (value[0] as unknown) : value;
  return typeof object === 'object' && object !== null && !Array.isArray(object) ? (object as OpaqueConfig) : undefined;
}

/** A number, given as one or as text, without its fraction; undefined when it is not given, or cannot be carried out. */
export function numberSetting<Name extends string>(
  config: OpaqueConfig,
  ranges: Readonly<Record<Name, Range>>,
  name: Name,
): number | undefined {
  const [least, most] = ranges[name];
  const number = toNumber(settingOf(config, name));
  return number !== undefined && number >= least && number <= most ? number : undefined;
}

/** What of some numbers is given and cannot be carried out, as sentences that begin with `where`. */
export function numberProblems(
  config: OpaqueConfig,
  ranges: Readonly<Record<string, Range>>,
  where: string,
): readonly string[] {
  return Object.entries(ranges).flatMap(([name, [least, most]]) => {
    const value = settingOf(config, name);
    if (value === undefined || value === null || numberSetting(config, ranges, name) !== undefined) return [];
    return [`${where}${name} is ignored: it must be a whole number between ${least} and ${most}`];
  });
}

function toNumber(value: unknown): number | undefined {
  const number = typeof value === 'string' && value.trim() !== '' ? Number(value) : value;
  return typeof number === 'number' && Number.isFinite(number) ? Math.trunc(number) : undefined;
}
