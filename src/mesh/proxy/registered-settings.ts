import {
  type OpaqueConfig,
  type PassiveHealthCheck,
  type UpstreamLimits,
  passiveHealthCheckField,
  passiveHealthCheckProblems,
  upstreamLimitsField,
  upstreamLimitsProblems,
} from '../../model/index.js';
import { type Field, foldedName, tryDecode } from '../../model/wire/index.js';
import { HEALTH_CHECK_NUMBERS, LIMIT_NUMBERS } from './opaque-settings.js';

/** Keys that Consul has, which are read one by one, each with its own range. */
const CONSULS_LIMITS = Object.keys(LIMIT_NUMBERS);
const CONSULS_HEALTH_CHECK = [...Object.keys(HEALTH_CHECK_NUMBERS), 'interval', 'base_ejection_time'];

/** Settings beyond Consul's, or one sentence that says why they are left out. */
export interface RegisteredSettings<Settings> {
  readonly settings: Partial<Settings>;
  readonly problem?: string;
}

/**
 * What `limits` of an upstream's opaque configuration say beyond Consul (docs/traffic.md). Nobody checked them when they were
 * registered: keys that cannot be read count as not given, and an Envoy is not sent what it would refuse.
 */
export function registeredLimits(config: OpaqueConfig): RegisteredSettings<UpstreamLimits> {
  const settings = readable(upstreamLimitsField, config, CONSULS_LIMITS);
  return checked(settings, upstreamLimitsProblems(settings));
}

/** The same for `passive_health_check`. */
export function registeredHealthCheck(config: OpaqueConfig): RegisteredSettings<PassiveHealthCheck> {
  const {
    intervalMs: _interval,
    maxFailures: _failures,
    ...settings
  } = readable(passiveHealthCheckField, config, CONSULS_HEALTH_CHECK);
  return checked(settings, passiveHealthCheckProblems({ intervalMs: 0, maxFailures: 0, ...settings }));
}

function checked<Settings extends object>(
  settings: Settings,
  problems: readonly (string | undefined)[],
): RegisteredSettings<Settings> {
  const problem = problems.find((one) => one !== undefined);
  return problem === undefined ? { settings } : { settings: {}, problem };
}

function readable<Value>(field: Field<Value>, config: OpaqueConfig, without: readonly string[]): Value {
  const left = new Set(without.map(foldedName));
  const known = Object.entries(config).filter(
    ([key, value]) => !left.has(foldedName(key)) && tryDecode(field, { [key]: value }).ok,
  );
  const read = tryDecode(field, Object.fromEntries(known));
  return read.ok ? read.value : field.empty;
}
