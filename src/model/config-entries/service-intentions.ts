import { type Field, always, flag, integer, list, map, object, optional, text } from '../wire/index.js';
import type { StringMap } from '../records/common.js';
import { ignoredFields, kindField, metaField, nameField } from './shared-fields.js';
import type { EntryKind } from './entry-kind.js';
import { breaksLine } from './rules/header-modifiers.js';
import { methodsProblem, namedMatchProblem, pathProblem } from './rules/http-match.js';
import { metaProblem } from './rules/meta.js';
import { type Problem, firstProblem } from './rules/problems.js';
import type { EntryAccess, Requirement } from './rules/requirement.js';

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

export const intentionJwtField: Field<IntentionJwtRequirement> = object<IntentionJwtRequirement>({
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
    jwt: optional(intentionJwtField),
  }),
);

const schema: Field<ServiceIntentionsEntry> = object<ServiceIntentionsEntry>(
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
    jwt: optional(intentionJwtField),
    meta: metaField,
  },
  { ignored: ignoredFields },
);

const MAX_DESCRIPTION_LENGTH = 512;

/** Precedence of an intention, higher wins (consul-behaviour 4.6): exact parts count, the destination's more. */
export function intentionPrecedence(destination: string, source: string): number {
  const best = destination === '*' ? 6 : 9;
  return source === '*' ? best - 1 : best;
}

/** Type and precedence filled in, methods in upper case, sources by falling precedence. */
function normalize(entry: ServiceIntentionsEntry): ServiceIntentionsEntry {
  const sources = entry.sources.map((source) => ({
    ...source,
    type: source.type === '' ? 'consul' : source.type,
    precedence: intentionPrecedence(entry.name, source.name),
    permissions: source.permissions.map(normalizePermission),
  }));
  return { ...entry, sources: sources.sort((left, right) => right.precedence - left.precedence) };
}

function normalizePermission(permission: IntentionPermission): IntentionPermission {
  if (permission.http === undefined) return permission;
  const methods = permission.http.methods.map((method) => method.toUpperCase());
  return { ...permission, http: { ...permission.http, methods } };
}

/** The first thing wrong with a normalised entry. */
function validate(entry: ServiceIntentionsEntry): Problem {
  if (entry.name === '') return 'Name is required';
  if (isPartialWildcard(entry.name)) return 'Name: wildcard character "*" cannot be used with partial values';
  if (entry.sources.length === 0) return 'At least one source is required';
  const seen = new Set<string>();
  return (
    firstProblem(entry.sources, (source, position) => {
      const key = JSON.stringify([source.name, source.peer, source.namespace, source.partition]);
      if (seen.has(key)) return `Sources[${position}] defines "${source.name}" more than once`;
      seen.add(key);
      return sourceProblem(`Sources[${position}]`, entry.name, source);
    }) ??
    jwtProblem('JWT', entry.jwt) ??
    metaProblem(entry.meta)
  );
}

function requires(entry: ServiceIntentionsEntry, access: EntryAccess): readonly Requirement[] {
  return [{ resource: 'intention', name: entry.name, level: access }];
}

/** Names of the services this entry speaks of besides its own. */
function references(_entry: ServiceIntentionsEntry): readonly string[] {
  return [];
}

function isPartialWildcard(name: string): boolean {
  return name.includes('*') && name !== '*';
}

function sourceProblem(where: string, destination: string, source: IntentionSource): Problem {
  if (source.name === '') return `${where}.Name is required`;
  if (isPartialWildcard(source.name)) return `${where}.Name: wildcard character "*" cannot be used with partial values`;
  if (!['', 'default'].includes(source.namespace)) return `${where}.Namespace: there is no namespace but "default"`;
  if (!['', 'default'].includes(source.partition)) return `${where}.Partition: there is no partition but "default"`;
  if (source.type !== 'consul') return `${where}.Type must be set to 'consul'`;
  if (source.samenessGroup !== '') return `${where}.SamenessGroup requires Consul Enterprise`;
  if (source.peer !== '' && source.partition !== '') return `${where}: cannot set Peer and Partition at the same time`;
  if (source.description.length > MAX_DESCRIPTION_LENGTH)
    return `${where}.Description exceeds maximum length ${MAX_DESCRIPTION_LENGTH}`;
  if (source.permissions.length === 0)
    return isAction(source.action) ? undefined : `${where}.Action must be set to 'allow' or 'deny'`;
  if (source.action !== '') return `${where}.Action must be omitted if Permissions are specified`;
  if (destination === '*') return `${where}.Permissions cannot be specified on intentions with wildcarded destinations`;
  return firstProblem(source.permissions, (permission, position) =>
    permissionProblem(`${where}.Permissions[${position}]`, permission),
  );
}

function permissionProblem(where: string, { action, http, jwt }: IntentionPermission): Problem {
  if (!isAction(action)) return `${where}.Action must be set to 'allow' or 'deny'`;
  if (http === undefined) return `${where}.HTTP is required`;
  const { pathExact, pathPrefix, pathRegex, header, methods } = http;
  if (pathExact + pathPrefix + pathRegex === '' && header.length === 0 && methods.length === 0)
    return `${where}.HTTP should not be empty`;
  return (
    pathProblem(`${where}.HTTP`, http) ??
    firstProblem(header, (match, position) => headerProblem(`${where}.HTTP.Header[${position}]`, match)) ??
    methodsProblem(`${where}.HTTP`, methods) ??
    jwtProblem(`${where}.JWT`, jwt)
  );
}

function headerProblem(where: string, match: IntentionHeaderPermission): Problem {
  const { name, present, exact, prefix, suffix, contains, regex } = match;
  if (breaksLine(name)) return `${where} Name must not contain line breaks or NUL`;
  if (match.ignoreCase && (present || regex !== ''))
    return `${where} should set one of Exact, Prefix, Suffix, or Contains when using IgnoreCase`;
  return namedMatchProblem(where, name, {
    Present: present,
    Exact: exact,
    Prefix: prefix,
    Suffix: suffix,
    Contains: contains,
    Regex: regex,
  });
}

function jwtProblem(where: string, jwt: IntentionJwtRequirement | undefined): Problem {
  if (jwt === undefined) return undefined;
  return firstProblem(jwt.providers, ({ name, verifyClaims }, position) => {
    if (name === '') return `${where}.Providers[${position}] missing required Name field`;
    const claim = verifyClaims.findIndex(({ path }) => path.length === 0 || path.includes(''));
    return claim < 0
      ? undefined
      : `${where}.Providers[${position}].VerifyClaims[${claim}].Path must name the claim, key by key`;
  });
}

function isAction(action: string): action is IntentionAction {
  return action === 'allow' || action === 'deny';
}

export const serviceIntentions: EntryKind<ServiceIntentionsEntry> = {
  schema,
  normalize,
  validate,
  requires,
  references,
};
