import type { Intention, IntentionPolicy } from '../../mesh/intentions/index.js';
import type { IntentionPermission } from '../../model/index.js';
import type { Permission } from '../envoy-api/generated/envoy/config/rbac/v3/Permission.js';
import type { Policy } from '../envoy-api/generated/envoy/config/rbac/v3/Policy.js';
import type { Principal } from '../envoy-api/generated/envoy/config/rbac/v3/Principal.js';
import type { RBAC as RbacRules } from '../envoy-api/generated/envoy/config/rbac/v3/RBAC.js';
import { quoted } from './rbac-header.js';
import { type Lean, allOf } from './rbac-lean.js';
import { requestMatch } from './rbac-permission.js';
import { SHARED_CONNECTIONS, connectionPolicyName, requestPolicyName } from './rbac-policy-name.js';

export type RbacLayer = 'network' | 'http';

/** Keeps an expression far below the size that Envoys refuse. */
const MAX_NAMES_IN_EXPRESSION = 100;

export interface RbacSource {
  /** The intentions of one destination, best first. */
  readonly intentions: readonly Intention[];
  readonly defaultPolicy: IntentionPolicy;
  readonly trustDomain: string;
}

/**
 * The rules of an RBAC filter (consul-behaviour 6.6): who is treated otherwise than the default says. Default deny: whom to
 * allow; default allow: whom to deny. A network filter knows no requests, so that permissions let nobody through there. Token
 * requirements are never met. Callers of peers are not known by their certificates and are left to the default deny of TLS.
 * Names of policies: `rbac-policy-name.ts`. Whom to deny is told one intention a policy, for Envoy's logs name the one that
 * matched; whom to allow is one policy, which is cheaper.
 */
export function rbacRules({ intentions, defaultPolicy, trustDomain }: RbacSource, layer: RbacLayer): RbacRules {
  const deciding = decidingIntentions(intentions);
  const policies: Record<string, Policy> = {};
  const allowed: Intention[] = [];
  for (const intention of deciding) {
    const effect = effectOf(intention, layer);
    if (effect === defaultPolicy) continue;
    if (effect === 'allow') allowed.push(intention);
    else if (effect === 'deny')
      policies[connectionPolicyName(intention)] = everything(callersOf([intention], deciding, trustDomain));
    else {
      const principals = callersOf([intention], deciding, trustDomain);
      for (const { position, request } of differingRequests(intention.source.permissions, defaultPolicy))
        policies[requestPolicyName(intention, position)] = { permissions: [request], principals };
    }
  }
  if (allowed.length > 0) policies[SHARED_CONNECTIONS] = everything(callersOf(allowed, deciding, trustDomain));
  return {
    ...(defaultPolicy === 'allow' ? { action: 'DENY' as const } : {}),
    ...(Object.keys(policies).length > 0 ? { policies: sortedByKey(policies) } : {}),
  };
}

const everything = (principals: Principal[]): Policy => ({ permissions: [{ any: true }], principals });

/** Without those that a better one about the same callers, or about all, leaves nothing to decide; peers apart. */
function decidingIntentions(intentions: readonly Intention[]): readonly Intention[] {
  const kept: Intention[] = [];
  const named = new Set<string>();
  for (const intention of intentions) {
    const { name, peer } = intention.source;
    if (peer !== '' || named.has(name)) continue;
    kept.push(intention);
    if (name === '*') break;
    named.add(name);
  }
  return kept;
}

/** What an intention does with all requests of its caller; undefined = that depends on the request. */
function effectOf({ source, jwt }: Intention, layer: RbacLayer): IntentionPolicy | undefined {
  if (jwt !== undefined) return 'deny';
  if (source.permissions.length === 0) return source.action === 'allow' ? 'allow' : 'deny';
  return layer === 'network' ? 'deny' : undefined;
}

/** The requests that are decided otherwise than by default, by permission; the first permission that matches decides. */
function differingRequests(
  permissions: readonly IntentionPermission[],
  defaultPolicy: IntentionPolicy,
): readonly { readonly position: number; readonly request: Permission }[] {
  const lean: Record<IntentionPolicy, Lean> = { allow: 'strict', deny: 'wide' };
  const differing: { position: number; request: Permission }[] = [];
  const asDefault: Permission[] = [];
  for (const [position, { action, http, jwt }] of permissions.entries()) {
    if (http === undefined) continue;
    const effect = action === 'allow' && jwt === undefined ? 'allow' : 'deny';
    const match = requestMatch(http, lean[effect]);
    if (effect === defaultPolicy) asDefault.push({ not_rule: match });
    else differing.push({ position, request: allOf([match, ...asDefault]) });
  }
  return differing;
}

/** The callers whom these intentions are about: those they name, and for `*` everybody whom none of all intentions names. */
function callersOf(intentions: readonly Intention[], all: readonly Intention[], trustDomain: string): Principal[] {
  const named = certificatesOf(namesIn(intentions), trustDomain);
  if (!intentions.some(({ source }) => source.name === '*')) return named;
  const anybody = certificate('[^/]+', trustDomain);
  const others = certificatesOf(namesIn(all), trustDomain).map((principal) => ({ not_id: principal }));
  return [...named, others.length === 0 ? anybody : { and_ids: { ids: [anybody, ...others] } }];
}

const namesIn = (intentions: readonly Intention[]): readonly string[] =>
  intentions.map(({ source }) => source.name).filter((name) => name !== '*');

/**
 * Services of this mesh in any datacenter, by the SPIFFE ids of their certificates. Many names in one expression: Envoy then
 * looks at a caller once, and not at a thousand expressions one by one (0.5 ms a request).
 */
function certificatesOf(services: readonly string[], trustDomain: string): Principal[] {
  const principals: Principal[] = [];
  for (let start = 0; start < services.length; start += MAX_NAMES_IN_EXPRESSION) {
    const names = services.slice(start, start + MAX_NAMES_IN_EXPRESSION).map(quoted);
    principals.push(certificate(names.length === 1 ? String(names[0]) : `(?:${names.join('|')})`, trustDomain));
  }
  return principals;
}

function certificate(name: string, trustDomain: string): Principal {
  const regex = `^spiffe://${quoted(trustDomain)}/ns/default/dc/[^/]+/svc/${name}$`;
  return { authenticated: { principal_name: { safe_regex: { regex } } } };
}

function sortedByKey<Value>(record: Readonly<Record<string, Value>>): Record<string, Value> {
  return Object.fromEntries(Object.entries(record).sort(([left], [right]) => (left < right ? -1 : 1)));
}
