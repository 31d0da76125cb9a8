import { type Field, always, flag, integer, list, map, object, optional, text } from '../wire/index.js';
import type { StringMap } from '../records/common.js';
import { ignoredFields, kindField, metaField, nameField } from './shared-fields.js';

/** Who may call a service (consul-behaviour 4.6). `name` is the destination, or `*` for all. */
export interface ServiceIntentionsEntry {
  readonly kind: 'service-intentions';
  readonly name: string;
  /** By falling precedence. */
  readonly sources: readonly IntentionSource[];
  readonly jwt?: IntentionJwtRequirement;
  readonly meta: StringMap;
}

export type IntentionAction = 'allow' | 'deny';

/** One caller's rule: an action for everything, or permissions for parts of it. */
export interface IntentionSource {
  /** `*` = every caller. */
  readonly name: string;
  /** Empty when there are permissions. */
  readonly action: IntentionAction | '';
  readonly permissions: readonly IntentionPermission[];
  /** Computed: 9, 8, 6 or 5; higher wins. */
  readonly precedence: number;
  readonly legacyId: string;
  readonly type: string;
  readonly description: string;
  readonly legacyMeta: StringMap;
  /** RFC 3339; empty when never set. */
  readonly legacyCreateTime: string;
  readonly legacyUpdateTime: string;
  readonly namespace: string;
  readonly partition: string;
  readonly peer: string;
  readonly samenessGroup: string;
}

/** A rule about some requests; the first permission that matches counts. */
export interface IntentionPermission {
  readonly action: IntentionAction | '';
  readonly http?: IntentionHttpPermission;
  readonly jwt?: IntentionJwtRequirement;
}

/** At most one of the paths is given; all given parts must match. */
export interface IntentionHttpPermission {
  readonly pathExact: string;
  readonly pathPrefix: string;
  readonly pathRegex: string;
  readonly header: readonly IntentionHeaderPermission[];
  /** Upper case. */
  readonly methods: readonly string[];
}

/** Exactly one of present, exact, prefix, suffix, contains and regex is given. */
export interface IntentionHeaderPermission {
  readonly name: string;
  readonly present: boolean;
  readonly exact: string;
  readonly prefix: string;
  readonly suffix: string;
  readonly contains: string;
  readonly regex: string;
  readonly invert: boolean;
  readonly ignoreCase: boolean;
}

export interface IntentionJwtRequirement {
  readonly providers: readonly IntentionJwtProvider[];
}

export interface IntentionJwtProvider {
  readonly name: string;
  readonly verifyClaims: readonly { readonly path: readonly string[]; readonly value: string }[];
}

const jwtField = object<IntentionJwtRequirement>({
  providers: list(
    object<IntentionJwtProvider>({
      name: text(),
      verifyClaims: list(object<IntentionJwtProvider['verifyClaims'][number]>({ path: list(text()), value: text() })),
    }),
  ),
});

const httpField = object<IntentionHttpPermission>({
  pathExact: text(),
  pathPrefix: text(),
  pathRegex: text(),
  header: list(
    object<IntentionHeaderPermission>({
      name: text(),
      present: flag(),
      exact: text(),
      prefix: text(),
      suffix: text(),
      contains: text(),
      regex: text(),
      invert: flag(),
      ignoreCase: flag(),
    }),
  ),
  methods: list(text()),
});

export const intentionPermissionsField: Field<readonly IntentionPermission[]> = list(
  object<IntentionPermission>({
    action: text() as Field<IntentionPermission['action']>,
    http: optional(httpField),
    jwt: optional(jwtField),
  }),
);

export const schema: Field<ServiceIntentionsEntry> = object<ServiceIntentionsEntry>(
  {
    kind: kindField('service-intentions'),
    name: nameField,
    sources: always(
      list(
        object<IntentionSource>({
          name: always(text()),
          action: text() as Field<IntentionSource['action']>,
          permissions: intentionPermissionsField,
          precedence: integer(),
          legacyId: text(),
          type: text(),
          description: text(),
          legacyMeta: map(text()),
          legacyCreateTime: text(),
          legacyUpdateTime: text(),
          namespace: text(),
          partition: text(),
          peer: text(),
          samenessGroup: text(),
        }),
      ),
    ),
    jwt: optional(jwtField),
    meta: metaField,
  },
  { ignored: ignoredFields },
);
