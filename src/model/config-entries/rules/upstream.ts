import type { PassiveHealthCheck, UpstreamConfig, UpstreamLimits } from '../service-defaults.js';
import { type Problem, listedProblems } from './problems.js';

/** Rules about one upstream's settings, named or the defaults for all (consul-behaviour 4.1). */
export function upstreamConfigProblem(config: UpstreamConfig, named: boolean): Problem {
  if (!named && config.name !== '') return 'error in upstream defaults: Name must be empty';
  const where = named ? `error in upstream override for ${config.name}:` : 'error in upstream defaults';
  if (named && config.name === '') return `${where}: Name is required`;
  if (named && config.name === '*') return `${where}: Wildcard name is not supported`;
  const problems = listedProblems([
    ...passiveHealthCheckProblems(config.passiveHealthCheck),
    ...limitsProblems(config.limits),
    ['', 'exact_balance'].includes(config.balanceOutboundConnections)
      ? undefined
      : `invalid value for balance_outbound_connections: ${config.balanceOutboundConnections}`,
  ]);
  return problems === undefined ? undefined : `${where}: ${problems}`;
}

/** Envoy counts in 32 bits. */
const MOST = 4_294_967_295;

function limitsProblems(limits: UpstreamLimits | undefined): readonly Problem[] {
  const negative = (value: number | undefined, name: string): Problem =>
    value !== undefined && value < 0
      ? `${name} cannot be negative`
      : (value ?? 0) > MOST
        ? `${name} cannot be more than ${MOST}`
        : undefined;
  return [
    negative(limits?.maxConnections, 'max connections'),
    negative(limits?.maxPendingRequests, 'max pending requests'),
    negative(limits?.maxConcurrentRequests, 'max concurrent requests'),
  ];
}

function passiveHealthCheckProblems(check: PassiveHealthCheck | undefined): readonly Problem[] {
  if (check === undefined) return [];
  return [
    check.intervalMs < 0 ? 'passive health check interval cannot be negative' : undefined,
    isPercentage(check.enforcingConsecutive5xx)
      ? undefined
      : 'passive health check enforcing_consecutive_5xx must be a percentage between 0 and 100',
    isPercentage(check.maxEjectionPercent)
      ? undefined
      : 'passive health check max_ejection_percent must be a percentage between 0 and 100',
    (check.baseEjectionTimeMs ?? 0) < 0 ? 'passive health check base_ejection_time cannot be negative' : undefined,
  ];
}

function isPercentage(value: number | undefined): boolean {
  return value === undefined || value <= 100;
}
