import type { UpstreamConfig } from '../service-defaults.js';
import { passiveHealthCheckProblems, upstreamLimitsProblems } from '../traffic/index.js';
import { type Problem, listedProblems } from './problems.js';

/** Rules about one upstream's settings, named or the defaults for all (consul-behaviour 4.1). */
export function upstreamConfigProblem(config: UpstreamConfig, named: boolean): Problem {
  if (!named && config.name !== '') return 'error in upstream defaults: Name must be empty';
  const where = named ? `error in upstream override for ${config.name}:` : 'error in upstream defaults';
  if (named && config.name === '') return `${where}: Name is required`;
  if (named && config.name === '*') return `${where}: Wildcard name is not supported`;
  const problems = listedProblems([
    ...passiveHealthCheckProblems(config.passiveHealthCheck),
    ...upstreamLimitsProblems(config.limits),
    ['', 'exact_balance'].includes(config.balanceOutboundConnections)
      ? undefined
      : `invalid value for balance_outbound_connections: ${config.balanceOutboundConnections}`,
  ]);
  return problems === undefined ? undefined : `${where}: ${problems}`;
}
