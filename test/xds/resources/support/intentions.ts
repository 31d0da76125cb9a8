import type { Intention } from '../../../../src/mesh/intentions/index.js';
import {
  type IntentionHeaderPermission,
  type IntentionJwtRequirement,
  type IntentionPermission,
  intentionPrecedence,
} from '../../../../src/model/index.js';

/** An intention in short. */
export interface Rule {
  readonly name: string;
  readonly action?: 'allow' | 'deny';
  readonly permissions?: readonly IntentionPermission[];
  /** Default: front. */
  readonly destination?: string;
  /** The token that is required of every caller; true = any one of okta. */
  readonly jwt?: boolean | IntentionJwtRequirement | undefined;
}

export function intention({ name, action, permissions = [], destination = 'front', jwt }: Rule): Intention {
  return {
    destination,
    source: {
      name,
      action: permissions.length > 0 ? '' : (action ?? 'deny'),
      permissions,
      precedence: intentionPrecedence(destination, name),
      legacyId: '',
      type: 'consul',
      description: '',
      legacyMeta: {},
      legacyCreateTime: '',
      legacyUpdateTime: '',
      namespace: '',
      partition: '',
      peer: '',
      samenessGroup: '',
    },
    ...(jwt ? { jwt: jwt === true ? tokenOf('okta') : jwt } : {}),
  };
}

/** Issuers for rules of which none asks for a token. */
export const noIssuers = (): undefined => undefined;

/** A requirement of one provider's token; claims by path, as in `{ 'at.shop': 'north' }`. */
export function tokenOf(name: string, claims: Readonly<Record<string, string>> = {}): IntentionJwtRequirement {
  const verifyClaims = Object.entries(claims).map(([path, value]) => ({ path: path.split('.'), value }));
  return { providers: [{ name, verifyClaims }] };
}

const noHeader = {
  present: false,
  exact: '',
  prefix: '',
  suffix: '',
  contains: '',
  regex: '',
  invert: false,
  ignoreCase: false,
};

export const header = (name: string, match: Partial<IntentionHeaderPermission>): IntentionHeaderPermission => ({
  ...noHeader,
  name,
  ...match,
});

export const permission = (
  action: 'allow' | 'deny',
  http: Partial<NonNullable<IntentionPermission['http']>>,
  jwt?: IntentionJwtRequirement,
): IntentionPermission => ({
  action,
  http: { pathExact: '', pathPrefix: '', pathRegex: '', header: [], methods: [], ...http },
  ...(jwt ? { jwt } : {}),
});
