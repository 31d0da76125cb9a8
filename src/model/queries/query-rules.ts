import { parseDurationMs } from '../../core/duration.js';
import { nameProblem } from '../../core/index.js';
import type { Problem } from '../config-entries/rules/problems.js';
import type { StringMap } from '../records/common.js';
import type { QueryDefinition, QueryFailover } from '../records/prepared-query.js';
import { templateProblem } from './query-template.js';

const MAX_PAIRS = 64;
const MAX_KEY_LENGTH = 128;
const MAX_VALUE_LENGTH = 512;

/** What is wrong with a query by itself, as one sentence; undefined = nothing. */
export function queryProblem(query: QueryDefinition): Problem {
  const problem = definitionProblem(query);
  if (problem !== undefined) return `Invalid prepared query: ${problem}`;
  const template = query.template.type === '' ? undefined : templateProblem(query);
  return template === undefined ? undefined : `failed compiling template: ${template}`;
}

function definitionProblem({ name, template, session, service, dns }: QueryDefinition): Problem {
  const badName = nameProblem(name);
  if (badName !== undefined) return `Name ${badName}`;
  if (name === '' && template.type === '' && session === '')
    return 'Must be bound to a session, have a Name, or be a Template';
  if (service.service === '') return 'Must provide a Service name to query';
  return (
    failoverProblem(service.failover) ??
    (service.samenessGroup === '' ? undefined : 'sameness-groups are an enterprise-only feature') ??
    metadataProblem(service.nodeMeta) ??
    metadataProblem(service.serviceMeta) ??
    ttlProblem(dns.ttl)
  );
}

function failoverProblem({ nearestN, datacenters, targets }: QueryFailover): Problem {
  if (nearestN < 0) return `Bad NearestN '${nearestN}', must be >= 0`;
  const others = nearestN > 0 || (datacenters ?? []).length > 0;
  if ((targets ?? []).length > 0 && others) return 'Targets cannot be populated with NearestN or Datacenters';
  const unclear = (targets ?? []).findIndex(({ peer, datacenter }) => (peer === '') === (datacenter === ''));
  return unclear < 0 ? undefined : `Targets[${unclear}] must name either a Peer or a Datacenter`;
}

/** Pairs that no node and no service could have (consul-behaviour.md 2.2). */
function metadataProblem(pairs: StringMap | null): Problem {
  const all = Object.entries(pairs ?? {});
  if (all.length > MAX_PAIRS) return `at most ${MAX_PAIRS} metadata pairs can be asked for, not ${all.length}`;
  for (const [key, value] of all) {
    const problem = pairProblem(key, value);
    if (problem !== undefined) return `metadata pair ('${key}', '${value}'): ${problem}`;
  }
  return undefined;
}

function pairProblem(key: string, value: string): Problem {
  if (key === '') return 'Key cannot be blank';
  if (!/^[A-Za-z0-9_-]+$/.test(key)) return 'Key contains invalid characters';
  if (key.length > MAX_KEY_LENGTH) return `Key is too long (limit: ${MAX_KEY_LENGTH} characters)`;
  return value.length > MAX_VALUE_LENGTH ? `Value is too long (limit: ${MAX_VALUE_LENGTH} characters)` : undefined;
}

function ttlProblem(ttl: string): Problem {
  if (ttl === '') return undefined;
  const ms = parseDurationMs(ttl);
  if (ms === undefined)
    return `Bad DNS TTL '${ttl}': time: invalid duration "${ttl}", it needs a unit such as in "10s"`;
  return ms < 0 ? `DNS TTL '${ttl}', must be >=0` : undefined;
}
