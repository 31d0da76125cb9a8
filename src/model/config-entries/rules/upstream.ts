import type { UpstreamConfig } from '../service-defaults.js';
import { passiveHealthCheckProblems, upstreamLimitsProblems } from '../traffic/index.js';
import { type Problem, listedProblems } from './problems.js';

/** Rules about one upstream's settings at a path, named or the defaults for all (consul-behaviour 4.1). */
export function upstreamConfigProblem(at: string, config: UpstreamConfig, named: boolean): Problem {
  if (!named && config.name !== '') return `${at}.Name: error in upstream defaults: Name must be empty`;
  const where = named ? `${at}: error in upstream override for ${config.name}:` : `${at}: error in upstream defaults`;
  if (named && config.name === '') return `${where}: Name is required`;
  if (named && config.name === '*') return `${where}: Wildcard name is not supported`;
  const problems = listedProblems([
    ...passiveHealthCheckProblems(config.passiveHealthCheck),
    ...upstreamLimitsProblems(config.limits),
    ['', 'exact_balance'].includes(config.balanceOutboundConnections)
      ? undefined
      : `BalanceOutboundConnections: invalid value for balance_outbound_connections: ${config.balanceOutboundConnections}`,
  ]);
  return problems === undefined ? undefined : `${where}: ${problems}`;
}
