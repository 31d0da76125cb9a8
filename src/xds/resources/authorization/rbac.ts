import { entryOf, trustDomainOf } from '../../../mesh/discovery-chain/index.js';
import { defaultIntentionPolicy, intentionsToCell, requiredProviders } from '../../../mesh/intentions/index.js';
import type { RBAC as RbacRules } from '../../envoy-api/generated/envoy/config/rbac/v3/RBAC.js';
import { type PackedAny, packAny } from '../../envoy-api/index.js';
import type { Builder } from '../builder.js';
import { JWT_FILTER } from './jwt-filter.js';
import { type RbacLayer, rbacRules } from './rbac-rules.js';

export type { RbacLayer } from './rbac-rules.js';

/** Names of the filters, which are also those of the resources that hold their rules. */
export const RBAC_FILTERS = { network: 'envoy.filters.network.rbac', http: 'envoy.filters.http.rbac' } as const;

/** Full type names of the filters' configurations. */
export const RBAC_TYPES = {
  network: 'envoy.extensions.filters.network.rbac.v3.RBAC',
  http: 'envoy.extensions.filters.http.rbac.v3.RBAC',
} as const;

/** Refuses everybody: what an RBAC filter does until its rules are there. */
export function denyAllRbac(layer: RbacLayer): PackedAny {
  return packRbac(layer, {});
}

export interface RbacInput {
  /** The service whose callers are looked at. */
  readonly service: string;
  readonly layer: RbacLayer;
}

/** Who may call a service, as the configuration of an RBAC filter: one resource for all its sidecars (consul-behaviour 6.6). */
export const rbacExtension: Builder<RbacInput> = (view, { service, layer }) => {
  const trustDomain = trustDomainOf(view);
  if (trustDomain === '') return undefined;
  const intentions = view.cell(intentionsToCell, service);
  const issuers = (provider: string): string | undefined => entryOf(view, 'jwt-provider', provider)?.issuer;
  const rules = rbacRules({ intentions, defaultPolicy: defaultIntentionPolicy(view), trustDomain, issuers }, layer);
  const name = RBAC_FILTERS[layer];
  return {
    name,
    any: packAny('envoy.config.core.v3.TypedExtensionConfig', { name, typed_config: packRbac(layer, rules) }),
    entries: [...new Set(intentions.map(({ destination }) => `service-intentions/${destination}`))],
    ...(layer === 'http' ? { reliesOn: { filter: JWT_FILTER, findings: requiredProviders(intentions) } } : {}),
  };
};

function packRbac(layer: RbacLayer, rules: RbacRules): PackedAny {
  return layer === 'http'
    ? packAny(RBAC_TYPES.http, { rules })
    : packAny(RBAC_TYPES.network, { rules, stat_prefix: 'connect_authz' });
}
