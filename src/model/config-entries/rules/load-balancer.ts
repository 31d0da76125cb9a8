import type { HashPolicy, LoadBalancer } from '../load-balancer.js';
import { slowStartProblem } from '../traffic/index.js';
import { breaksLine } from './header-modifiers.js';
import { type Problem, firstProblem } from './problems.js';

const POLICIES = ['', 'random', 'round_robin', 'least_request', 'ring_hash', 'maglev'];
const HASHED = new Set(['ring_hash', 'maglev']);
const FIELDS = ['header', 'cookie', 'query_parameter'];

/** Rules of consul-behaviour 4.5: what belongs to which policy. */
export function loadBalancerProblem(balancer: LoadBalancer | undefined): Problem {
  if (balancer === undefined) return undefined;
  const { policy } = balancer;
  if (!POLICIES.includes(policy))
    return `Bad LoadBalancer policy: "${policy}" must be one of ${POLICIES.slice(1).join(', ')}`;
  if (policy !== 'ring_hash' && balancer.ringHashConfig)
    return `Bad LoadBalancer configuration. RingHashConfig specified for incompatible load balancing policy "${policy}"`;
  if (policy !== 'least_request' && balancer.leastRequestConfig)
    return `Bad LoadBalancer configuration. LeastRequestConfig specified for incompatible load balancing policy "${policy}"`;
  if (!HASHED.has(policy) && balancer.hashPolicies.length > 0)
    return `Bad LoadBalancer configuration: HashPolicies specified for non-hash-based Policy: "${policy}"`;
  return (
    choiceCountProblem(balancer) ??
    ringSizeProblem(balancer) ??
    slowStartProblem('Bad LoadBalancer configuration. SlowStart', policy, balancer.slowStart) ??
    firstProblem(balancer.hashPolicies, (hash, position) =>
      hashPolicyProblem(`Bad LoadBalancer HashPolicy[${position}]`, hash),
    )
  );
}

/** One instance is no choice: Envoy wants two or more. */
function choiceCountProblem({ leastRequestConfig }: LoadBalancer): Problem {
  return leastRequestConfig?.choiceCount === 1
    ? 'Bad LoadBalancer configuration: LeastRequestConfig.ChoiceCount must be at least 2, or 0 for the default'
    : undefined;
}

/** Envoy takes rings of up to 8 Mi entries and refuses a minimum above the maximum. */
function ringSizeProblem({ ringHashConfig }: LoadBalancer): Problem {
  if (ringHashConfig === undefined) return undefined;
  const { minimumRingSize: minimum, maximumRingSize: maximum } = ringHashConfig;
  const limit = 8 * 1024 * 1024;
  if (minimum < 0 || maximum < 0 || minimum > limit || maximum > limit)
    return `Bad LoadBalancer configuration: ring sizes must be between 0 and ${limit}`;
  if (maximum > 0 && minimum > maximum)
    return 'Bad LoadBalancer configuration: MinimumRingSize must not be above MaximumRingSize';
  return undefined;
}

function hashPolicyProblem(where: string, hash: HashPolicy): Problem {
  if (hash.field !== '' && !FIELDS.includes(hash.field)) return `${where}: "${hash.field}" is not a supported field`;
  if (hash.sourceIp) {
    if (hash.field !== '' || hash.fieldValue !== '')
      return `${where}: A single hash policy cannot hash both a source address and a "${hash.field}"`;
    return hash.cookieConfig ? `${where}: cookie_config provided for "source IP"` : undefined;
  }
  if (hash.field === '') return `${where}: Field or SourceIP is required`;
  if (hash.fieldValue === '') return `${where}: Field "${hash.field}" was specified without a FieldValue`;
  if (breaksLine(hash.fieldValue)) return `${where}: FieldValue must not contain line breaks or NUL`;
  if (!hash.cookieConfig) return undefined;
  if (hash.field !== 'cookie') return `${where}: cookie_config provided for "${hash.field}"`;
  if (hash.cookieConfig.ttlMs < 0) return `${where}: cookie TTL must not be negative`;
  return hash.cookieConfig.session && hash.cookieConfig.ttlMs !== 0
    ? `${where}: a session cookie cannot have an associated TTL`
    : undefined;
}
