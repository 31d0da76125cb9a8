import type { IntentionJwtProvider, IntentionJwtRequirement } from '../../../model/index.js';
import type { Permission } from '../../envoy-api/generated/envoy/config/rbac/v3/Permission.js';
import type { Principal } from '../../envoy-api/generated/envoy/config/rbac/v3/Principal.js';
import type { MetadataMatcher } from '../../envoy-api/generated/envoy/type/matcher/v3/MetadataMatcher.js';
import { JWT_FILTER, payloadKey } from './jwt-filter.js';

/** Provider -> what the `iss` of its tokens must be; undefined = there is no such provider, and no token of it. */
export type Issuers = (provider: string) => string | undefined;

/** Those of some callers who have a token that a requirement asks for. */
export function withToken(callers: Principal[], requirement: IntentionJwtRequirement, issuers: Issuers): Principal[] {
  return [{ and_ids: { ids: [anyOf(callers), tokenPrincipal(requirement, issuers)] } }];
}

/** Those of some callers who have none. */
export function withoutToken(
  callers: Principal[],
  requirement: IntentionJwtRequirement,
  issuers: Issuers,
): Principal[] {
  return [{ and_ids: { ids: [anyOf(callers), { not_id: tokenPrincipal(requirement, issuers) }] } }];
}

function anyOf(ids: Principal[]): Principal {
  const [only] = ids;
  return only !== undefined && ids.length === 1 ? only : { or_ids: { ids } };
}

/** Who has a token of one of the providers that a requirement names, with all the claims. */
function tokenPrincipal(requirement: IntentionJwtRequirement, issuers: Issuers): Principal {
  const ways = waysToMeet(requirement, issuers).map((matches): Principal => {
    const ids = matches.map((metadata) => ({ metadata }));
    return ids.length === 1 && ids[0] ? ids[0] : { and_ids: { ids } };
  });
  if (ways.length === 0) return { not_id: { any: true } };
  return ways.length === 1 && ways[0] ? ways[0] : { or_ids: { ids: ways } };
}

/** The requests that carry a token that a requirement asks for. */
export function tokenPermission(requirement: IntentionJwtRequirement, issuers: Issuers): Permission {
  const ways = waysToMeet(requirement, issuers).map((matches): Permission => {
    const rules = matches.map((metadata) => ({ metadata }));
    return rules.length === 1 && rules[0] ? rules[0] : { and_rules: { rules } };
  });
  if (ways.length === 0) return { not_rule: { any: true } };
  return ways.length === 1 && ways[0] ? ways[0] : { or_rules: { rules: ways } };
}

/** For each provider that a requirement names, what must hold of its token's payload. */
function waysToMeet({ providers }: IntentionJwtRequirement, issuers: Issuers): readonly MetadataMatcher[][] {
  return providers.flatMap((provider) => {
    const issuer = issuers(provider.name);
    return issuer === undefined ? [] : [payloadMatches(provider, issuer)];
  });
}

/** Claims are compared as text and as a whole: neither names nor values are ever patterns. */
function payloadMatches({ name, verifyClaims }: IntentionJwtProvider, issuer: string): MetadataMatcher[] {
  const claim = (path: readonly string[], exact: string): MetadataMatcher => ({
    filter: JWT_FILTER,
    path: [payloadKey(name), ...path].map((key) => ({ key })),
    value: { string_match: { exact } },
  });
  return [claim(['iss'], issuer), ...verifyClaims.map(({ path, value }) => claim(path, value))];
}
