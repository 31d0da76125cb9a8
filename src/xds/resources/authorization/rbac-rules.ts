import { canonicalJson } from '../../../core/index.js';
import { type Intention, type IntentionPolicy, requiredToken } from '../../../mesh/intentions/index.js';
import type { IntentionPermission } from '../../../model/index.js';
import type { Permission } from '../../envoy-api/generated/envoy/config/rbac/v3/Permission.js';
import type { Policy } from '../../envoy-api/generated/envoy/config/rbac/v3/Policy.js';
import type { Principal } from '../../envoy-api/generated/envoy/config/rbac/v3/Principal.js';
import type { RBAC as RbacRules } from '../../envoy-api/generated/envoy/config/rbac/v3/RBAC.js';
import { quoted } from './rbac-header.js';
import { type Lean, allOf } from './rbac-lean.js';
import { requestMatch } from './rbac-permission.js';
import { SHARED_CONNECTIONS, connectionPolicyName, requestPolicyName } from './rbac-policy-name.js';
import { type Issuers, tokenPermission, withToken, withoutToken } from './rbac-token.js';

export type RbacLayer = 'network' | 'http';

/** Keeps an expression far below the size that Envoys refuse. */
const MAX_NAMES_IN_EXPRESSION = 100;

export interface RbacSource {
  /** The intentions of one destination, best first. */
  readonly intentions: readonly Intention[];
  readonly defaultPolicy: IntentionPolicy;
  readonly trustDomain: string;
  readonly issuers: Issuers;
}

/**
 * The rules of an RBAC filter (consul-behaviour 6.6): who is treated otherwise than the default says. Default deny: whom to
 * allow; default allow: whom to deny. A network filter knows no requests, so that permissions let nobody through there, and
 * neither do token requirements. Callers of peers are not known by their certificates and are left to the default deny of TLS.
 * Names of policies: `rbac-policy-name.ts`. Whom to deny is told one intention a policy, for Envoy's logs name the one that
 * matched; whom to allow is one policy, which is cheaper.
 */
export function rbacRules(source: RbacSource, layer: RbacLayer): RbacRules {
  const { defaultPolicy, trustDomain, issuers } = source;
  const deciding = decidingIntentions(source.intentions);
  const authority = quoted(trustDomain);
  const callers = (intentions: readonly Intention[]): Principal[] => callersOf(intentions, deciding, authority);
  const policies: Record<string, Policy> = {};
  const allowed: Intention[] = [];
  for (const intention of deciding) {
    const effect = effectOf(intention, layer);
    const token = requiredToken(intention.jwt);
    if (defaultPolicy === 'allow' && effect !== 'deny' && token)
      policies[connectionPolicyName(intention)] = everything(withoutToken(callers([intention]), token, issuers));
    if (effect === undefined) {
      const all = callers([intention]);
      const principals = defaultPolicy === 'deny' && token ? withToken(all, token, issuers) : all;
      for (const { position, request } of differingRequests(intention.source.permissions, source))
        policies[requestPolicyName(intention, position)] = { permissions: [request], principals };
    } else if (effect === defaultPolicy) continue;
    else if (effect === 'allow') allowed.push(intention);
    else policies[connectionPolicyName(intention)] = everything(callers([intention]));
  }
  if (allowed.length > 0) policies[SHARED_CONNECTIONS] = everything(allowedCallers(allowed, callers, issuers));
  return {
    ...(defaultPolicy === 'allow' ? { action: 'DENY' as const } : {}),
    ...(Object.keys(policies).length > 0 ? { policies: sortedByKey(policies) } : {}),
  };
}

/** Those who may do everything: without a token, and with the one that is asked of them. */
function allowedCallers(
  allowed: readonly Intention[],
  callers: (intentions: readonly Intention[]) => Principal[],
  issuers: Issuers,
): Principal[] {
  const byToken = new Map<string, Intention[]>();
  for (const intention of allowed) {
    const token = requiredToken(intention.jwt);
    const key = token ? canonicalJson(token) : '';
    const alike = byToken.get(key);
    if (alike) alike.push(intention);
    else byToken.set(key, [intention]);
  }
  return [...byToken.values()].flatMap((alike) => {
    const token = requiredToken(alike[0]?.jwt);
    return token ? withToken(callers(alike), token, issuers) : callers(alike);
  });
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

/** What an intention does with all requests of its caller that carry the token it asks for; undefined = that depends on the request. */
function effectOf({ source, jwt }: Intention, layer: RbacLayer): IntentionPolicy | undefined {
  if (layer === 'network' && requiredToken(jwt)) return 'deny';
  if (source.permissions.length === 0) return source.action === 'allow' ? 'allow' : 'deny';
  return layer === 'network' ? 'deny' : undefined;
}

/** The requests that are decided otherwise than by default, by permission; the first permission that matches decides. */
function differingRequests(
  permissions: readonly IntentionPermission[],
  { defaultPolicy, issuers }: RbacSource,
): readonly { readonly position: number; readonly request: Permission }[] {
  const lean: Record<IntentionPolicy, Lean> = { allow: 'strict', deny: 'wide' };
  const differing: { position: number; request: Permission }[] = [];
  const asDefault: Permission[] = [];
  for (const [position, permission] of permissions.entries()) {
    const { http } = permission;
    if (http === undefined) continue;
    for (const { effect, lacking } of stepsOf(permission, issuers)) {
      const match = allOf([requestMatch(http, lean[effect]), ...lacking]);
      if (effect === defaultPolicy) asDefault.push({ not_rule: match });
      else differing.push({ position, request: allOf([match, ...asDefault]) });
    }
  }
  return differing;
}

/** A permission that asks for a token is two: what lacks the token is refused, and the rest is let through. */
function stepsOf(
  { action, jwt }: IntentionPermission,
  issuers: Issuers,
): readonly { readonly effect: IntentionPolicy; readonly lacking: readonly Permission[] }[] {
  if (action !== 'allow') return [{ effect: 'deny', lacking: [] }];
  const token = requiredToken(jwt);
  const allow = { effect: 'allow', lacking: [] } as const;
  return token ? [{ effect: 'deny', lacking: [{ not_rule: tokenPermission(token, issuers) }] }, allow] : [allow];
}

/** The callers whom these intentions are about: those they name, and for `*` everybody whom none of all intentions names. */
function callersOf(intentions: readonly Intention[], all: readonly Intention[], authority: string): Principal[] {
  const named = certificatesOf(namesIn(intentions), authority);
  if (!intentions.some(({ source }) => source.name === '*')) return named;
  const anybody = certificate('[^/]+', authority);
  const others = certificatesOf(namesIn(all), authority).map((principal) => ({ not_id: principal }));
  return [...named, others.length === 0 ? anybody : { and_ids: { ids: [anybody, ...others] } }];
}

const namesIn = (intentions: readonly Intention[]): readonly string[] =>
  intentions.map(({ source }) => source.name).filter((name) => name !== '*');

/**
 * Services of this mesh in any datacenter, by the SPIFFE ids of their certificates. Many names in one expression: Envoy then
 * looks at a caller once, and not at a thousand expressions one by one (0.5 ms a request). `authority`: the trust domain, quoted.
 */
function certificatesOf(services: readonly string[], authority: string): Principal[] {
  const principals: Principal[] = [];
  for (let start = 0; start < services.length; start += MAX_NAMES_IN_EXPRESSION) {
    const names = services
      .slice(start, start + MAX_NAMES_IN_EXPRESSION)
      .map((name) => quoted(encodeURIComponent(name)));
    principals.push(certificate(names.length === 1 ? String(names[0]) : `(?:${names.join('|')})`, authority));
  }
  return principals;
}

function certificate(name: string, authority: string): Principal {
  const regex = `^spiffe://${authority}/ns/default/dc/[^/]+/svc/${name}$`;
  return { authenticated: { principal_name: { safe_regex: { regex } } } };
}

function sortedByKey<Value>(record: Readonly<Record<string, Value>>): Record<string, Value> {
  const sorted: Record<string, Value> = {};
  for (const key of Object.keys(record).sort()) sorted[key] = record[key] as Value;
  return sorted;
}
