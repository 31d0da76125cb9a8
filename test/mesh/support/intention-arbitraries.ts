import fc from 'fast-check';
import type { AuthorizedRequest, Caller, Intention } from '../../../src/mesh/intentions/index.js';
import { intentionsOf, sortIntentions } from '../../../src/mesh/intentions/index.js';
import { type ServiceIntentionsEntry, decodeConfigEntry } from '../../../src/model/index.js';

/** Small worlds, so that rules and requests meet often. */
export const callerNames = ['web', 'api', 'job'] as const;
const paths = ['/', '/a', '/a/b', '/admin'] as const;

const action = fc.constantFrom('allow', 'deny');

const httpPart = fc.oneof(
  fc.constantFrom(...paths).map((path) => ({ PathExact: path })),
  fc.constantFrom(...paths).map((path) => ({ PathPrefix: path })),
  fc.constantFrom('/a.*', '/(a|admin)', '.*').map((path) => ({ PathRegex: path })),
  fc.constant({ Methods: ['GET'] }),
  fc.constant({ Methods: ['POST', 'GET'] }),
  fc.boolean().map((invert) => ({ Header: [{ Name: 'X-Role', Present: true, Invert: invert }] })),
  fc.boolean().map((invert) => ({ Header: [{ Name: 'x-role', Exact: 'Admin', IgnoreCase: true, Invert: invert }] })),
  fc.constant({ PathPrefix: '/a', Methods: ['GET'], Header: [{ Name: 'x-role', Prefix: 'a' }] }),
);

/** A permission in wire spelling. */
export const permission = fc.tuple(action, httpPart).map(([Action, HTTP]) => ({ Action, HTTP }));

/** What is asked of a token, in wire spelling. */
export const requirement = fc
  .array(
    fc.record({
      Name: fc.constantFrom('okta', 'door'),
      VerifyClaims: fc.subarray([
        { Path: ['role'], Value: 'clerk' },
        { Path: ['at', 'shop'], Value: 'north' },
      ]),
    }),
    { maxLength: 2 },
  )
  .map((Providers) => ({ Providers }));

const guardedPermission = fc.tuple(permission, requirement).map(([given, JWT]) => ({ ...given, JWT }));

/** What a source says: an action, or a list of permissions, some of which ask for tokens. */
export const rule = fc.oneof(
  action.map((Action) => ({ Action })),
  fc
    .array(fc.oneof({ arbitrary: permission, weight: 2 }, { arbitrary: guardedPermission, weight: 1 }), {
      minLength: 1,
      maxLength: 4,
    })
    .map((Permissions) => ({ Permissions })),
);

export type Rule = { readonly Action: string } | { readonly Permissions: readonly object[] };

/** Sources by name; `*` may be among them. */
export const sources = fc.dictionary(fc.constantFrom(...callerNames, '*'), rule, { maxKeys: 4 });
const plainSources = fc.dictionary(
  fc.constantFrom(...callerNames, '*'),
  action.map((Action) => ({ Action })),
  { maxKeys: 4 },
);

/** The rules of a destination and those of all destinations, and the tokens that each asks of all its callers. */
export const world: fc.Arbitrary<World> = fc.record(
  { own: sources, common: plainSources, ownToken: requirement, commonToken: requirement },
  { requiredKeys: ['own', 'common'] },
);

export interface World {
  readonly own: Readonly<Record<string, Rule>>;
  readonly common: Readonly<Record<string, Rule>>;
  readonly ownToken?: object;
  readonly commonToken?: object;
}

/** The intentions of the destination in such a world, best first. */
export function intentionsIn({ own, common, ownToken, commonToken }: World): readonly Intention[] {
  return sortIntentions([...entryOf('front', own, ownToken), ...entryOf('*', common, commonToken)]);
}

function entryOf(name: string, given: Readonly<Record<string, Rule>>, JWT: object | undefined): readonly Intention[] {
  const Sources = Object.entries(given).map(([Name, fields]) => ({ Name, ...fields }));
  if (Sources.length === 0) return [];
  const body = { Kind: 'service-intentions', Name: name, Sources, ...(JWT ? { JWT } : {}) };
  return intentionsOf(decodeConfigEntry(body) as ServiceIntentionsEntry);
}

export const policy = fc.constantFrom('allow' as const, 'deny' as const);

export const caller: fc.Arbitrary<Caller> = fc.constantFrom(...callerNames, 'stranger').map((name) => ({ name }));

export const request: fc.Arbitrary<AuthorizedRequest> = fc.record({
  method: fc.constantFrom('GET', 'POST', 'PUT'),
  path: fc.constantFrom(...paths, '/a?x=/admin', '/admin#/a', '/other'),
  headers: fc.constantFrom(
    {},
    { 'x-role': ['admin'] },
    { 'x-role': ['a'] },
    { 'x-role': ['b', 'a'] },
    { other: ['admin'] },
  ),
  tokens: fc.dictionary(
    fc.constantFrom('okta', 'door'),
    fc.constantFrom({}, { role: 'clerk' }, { role: 'boss' }, { role: 'clerk', at: { shop: 'north' } }),
  ),
});
