import type { Intention } from '../../../../src/mesh/intentions/index.js';
import {
  type IntentionHeaderPermission,
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
  /** Whether a token is required of every caller. */
  readonly jwt?: boolean;
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
    ...(jwt ? { jwt: { providers: [{ name: 'okta', verifyClaims: [] }] } } : {}),
  };
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
): IntentionPermission => ({
  action,
  http: { pathExact: '', pathPrefix: '', pathRegex: '', header: [], methods: [], ...http },
});
