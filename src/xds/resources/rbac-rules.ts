import type { Intention, IntentionPolicy } from '../../mesh/intentions/index.js';
import type { IntentionPermission } from '../../model/index.js';
import type { Permission } from '../envoy-api/generated/envoy/config/rbac/v3/Permission.js';
import type { Policy } from '../envoy-api/generated/envoy/config/rbac/v3/Policy.js';
import type { Principal } from '../envoy-api/generated/envoy/config/rbac/v3/Principal.js';
import type { RBAC as RbacRules } from '../envoy-api/generated/envoy/config/rbac/v3/RBAC.js';
import { type Lean, allOf, requestMatch } from './rbac-permission.js';

export type RbacLayer = 'network' | 'http';

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
 */
export function rbacRules({ intentions, defaultPolicy, trustDomain }: RbacSource, layer: RbacLayer): RbacRules {
  const deciding = decidingIntentions(intentions);
  const connections: Principal[] = [];
  const policies: Record<string, Policy> = {};
  for (const [position, intention] of deciding.entries()) {
    const caller = callerPrincipal(intention, deciding.slice(0, position), trustDomain);
    const effect = effectOf(intention, layer);
    if (effect === undefined) {
      const permissions = differingRequests(intention.source.permissions, defaultPolicy);
      if (permissions.length > 0)
        policies[`consul-intentions-layer7-${position}`] = { permissions, principals: [caller] };
    } else if (effect !== defaultPolicy) connections.push(caller);
  }
  if (connections.length > 0)
    policies['consul-intentions-layer4'] = { permissions: [{ any: true }], principals: connections };
  return {
    ...(defaultPolicy === 'allow' ? { action: 'DENY' as const } : {}),
    ...(Object.keys(policies).length > 0 ? { policies: sortedByKey(policies) } : {}),
  };
}

/** Without those that a better one about the same callers, or about all, leaves nothing to decide; peers apart. */
function decidingIntentions(intentions: readonly Intention[]): readonly Intention[] {
  const kept: Intention[] = [];
  for (const intention of intentions) {
    const { name, peer } = intention.source;
    if (peer !== '') continue;
    if (!kept.some(({ source }) => source.name === '*' || source.name === name)) kept.push(intention);
  }
  return kept;
}

/** What an intention does with all requests of its caller; undefined = that depends on the request. */
function effectOf({ source, jwt }: Intention, layer: RbacLayer): IntentionPolicy | undefined {
  if (jwt !== undefined) return 'deny';
  if (source.permissions.length === 0) return source.action === 'allow' ? 'allow' : 'deny';
  return layer === 'network' ? 'deny' : undefined;
}

/** The requests that are decided otherwise than by default; the first permission that matches decides. */
function differingRequests(permissions: readonly IntentionPermission[], defaultPolicy: IntentionPolicy): Permission[] {
  const lean: Record<IntentionPolicy, Lean> = { allow: 'strict', deny: 'wide' };
  const differing: Permission[] = [];
  const asDefault: Permission[] = [];
  for (const { action, http, jwt } of permissions) {
    if (http === undefined) continue;
    const effect = action === 'allow' && jwt === undefined ? 'allow' : 'deny';
    const match = requestMatch(http, lean[effect]);
    if (effect === defaultPolicy) asDefault.push({ not_rule: match });
    else differing.push(allOf([match, ...asDefault]));
  }
  return differing;
}

/** The callers that an intention decides about: its source, without those whom better intentions name. */
function callerPrincipal({ source }: Intention, better: readonly Intention[], trustDomain: string): Principal {
  const all = certificateOf(source.name, trustDomain);
  if (source.name !== '*' || better.length === 0) return all;
  const others = better.map((intention) => ({ not_id: certificateOf(intention.source.name, trustDomain) }));
  return { and_ids: { ids: [all, ...others] } };
}

/** A service of this mesh in any datacenter, by the SPIFFE id of its certificate. */
function certificateOf(service: string, trustDomain: string): Principal {
  const name = service === '*' ? '[^/]+' : quoted(service);
  const regex = `^spiffe://${quoted(trustDomain)}/ns/default/dc/[^/]+/svc/${name}$`;
  return { authenticated: { principal_name: { safe_regex: { regex } } } };
}

/** Text that stands for itself in a regular expression. */
function quoted(text: string): string {
  return text.replace(/[\\^$.|?*+()[\]{}]/g, '\\$&');
}

function sortedByKey<Value>(record: Readonly<Record<string, Value>>): Record<string, Value> {
  return Object.fromEntries(Object.entries(record).sort(([left], [right]) => (left < right ? -1 : 1)));
}
