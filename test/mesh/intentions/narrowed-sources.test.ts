import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type IntentionState,
  decideRequest,
  intentionDecision,
  narrowedSources,
} from '../../../src/mesh/intentions/index.js';
import {
  type World,
  caller,
  intentionsIn,
  permission,
  policy,
  request,
  world,
} from '../support/intention-arbitraries.js';

const none: World = { own: {}, common: {} };
const state = (given: World, defaultPolicy: 'allow' | 'deny' = 'deny', http = true): IntentionState => ({
  intentions: intentionsIn(given),
  defaultPolicy,
  http,
});
const own = (rules: World['own']): World => ({ own: rules, common: {} });
const allow = { Action: 'allow' };
const deny = { Action: 'deny' };
const okta = { Name: 'okta' };
const clerk = { Name: 'okta', VerifyClaims: [{ Path: ['role'], Value: 'clerk' }] };
const token = (...Providers: readonly object[]) => ({ Providers });
const asking = (Providers: readonly object[], rules: World['own'] = { web: allow }): World => ({
  ...own(rules),
  ownToken: { Providers },
});
const [allowA, denyB, allowC] = [
  { Action: 'allow', HTTP: { PathPrefix: '/a' } },
  { Action: 'deny', HTTP: { PathPrefix: '/b' } },
  { Action: 'allow', HTTP: { PathPrefix: '/c' } },
];

describe('from whom a change takes something away', () => {
  it.each([
    ['nothing changes', own({ web: allow }), own({ web: allow }), 'deny', []],
    ['an allow is added', none, own({ web: allow }), 'deny', []],
    ['an allow is deleted', own({ web: allow }), none, 'deny', ['web']],
    ['an allow is deleted where the default allows', own({ web: allow }), none, 'allow', []],
    ['a deny is added where the default allows', none, own({ web: deny }), 'allow', ['web']],
    ['a deny for all is added', own({ web: allow }), own({ web: allow, '*': deny }), 'allow', ['*']],
    ['an allow turns', own({ web: allow, api: allow }), own({ web: deny, api: allow }), 'deny', ['web']],
    ['an exact deny goes, and the wildcard lets in', own({ web: deny, '*': allow }), own({ '*': allow }), 'deny', []],
    [
      'an exact allow goes, and the wildcard keeps out',
      own({ web: allow, '*': deny }),
      own({ '*': deny }),
      'deny',
      ['web'],
    ],
    [
      'a token is asked of all',
      own({ web: allow, api: allow }),
      asking([okta], { web: allow, api: allow }),
      'deny',
      ['api', 'web'],
    ],
    ['a token is asked of all no more', asking([okta]), own({ web: allow }), 'deny', []],
    ['another token will do as well', asking([okta]), asking([okta, { Name: 'door' }]), 'deny', []],
    ['another token is asked for', asking([okta]), asking([{ Name: 'door' }]), 'deny', ['web']],
    ['a claim more is asked for', asking([okta]), asking([clerk]), 'deny', ['web']],
    ['a claim less is asked for', asking([clerk]), asking([okta]), 'deny', []],
    ['a token is asked of nobody', own({ web: allow }), asking([]), 'deny', []],
    [
      'a permission asks for a token',
      own({ web: { Permissions: [allowA] } }),
      own({ web: { Permissions: [{ ...allowA, JWT: token(okta) }] } }),
      'deny',
      ['web'],
    ],
    [
      'a permission asks for less of a token',
      own({ web: { Permissions: [{ ...allowA, JWT: token(clerk) }] } }),
      own({ web: { Permissions: [{ ...allowA, JWT: token(okta) }] } }),
      'deny',
      [],
    ],
    [
      'a permission that asks for a token is put in front',
      own({ web: { Permissions: [allowA] } }),
      own({ web: { Permissions: [{ ...allowC, JWT: token(okta) }, allowA] } }),
      'deny',
      ['web'],
    ],
    ['permissions replace an allow', own({ web: allow }), own({ web: { Permissions: [allowA] } }), 'deny', ['web']],
    ['permissions replace a deny', own({ web: deny }), own({ web: { Permissions: [allowA] } }), 'deny', []],
    [
      'a permission is added',
      own({ web: { Permissions: [allowA] } }),
      own({ web: { Permissions: [allowC, allowA] } }),
      'deny',
      [],
    ],
    [
      'a denying permission is left out',
      own({ web: { Permissions: [denyB, allowA] } }),
      own({ web: { Permissions: [allowA, allowC] } }),
      'deny',
      [],
    ],
    [
      'permissions change places',
      own({ web: { Permissions: [allowA, denyB] } }),
      own({ web: { Permissions: [denyB, allowA] } }),
      'deny',
      ['web'],
    ],
    [
      'an allowing permission is left out',
      own({ web: { Permissions: [allowA, allowC] } }),
      own({ web: { Permissions: [allowA] } }),
      'deny',
      ['web'],
    ],
  ] as const)('when %s', (_what, before, after, defaultPolicy, expected) => {
    expect(narrowedSources(state(before, defaultPolicy), state(after, defaultPolicy))).toEqual(expected);
  });

  it('when the default turns from allow to deny, is everybody without a rule', () => {
    const given = own({ web: allow });
    expect(narrowedSources(state(given, 'allow'), state(given, 'deny'))).toEqual(['*']);
    expect(narrowedSources(state(given, 'deny'), state(given, 'allow'))).toEqual([]);
  });

  it('when there are more than a thousand, is everybody', () => {
    const many = (count: number): World =>
      own(Object.fromEntries(Array.from({ length: count }, (_, at) => [`s${at}`, allow])));
    expect(narrowedSources(state(many(1_000)), state(none))).toHaveLength(1_000);
    expect(narrowedSources(state(many(1_001)), state(none))).toEqual(['*']);
  });

  it('when permissions stop being looked at, is whoever has some', () => {
    const given = own({ web: { Permissions: [allowA] }, api: allow });
    expect(narrowedSources(state(given, 'deny', true), state(given, 'deny', false))).toEqual(['web']);
    expect(narrowedSources(state(given, 'deny', false), state(given, 'deny', true))).toEqual([]);
  });

  it('names everybody who is refused something that was allowed before', () => {
    fc.assert(
      fc.property(
        world,
        world,
        policy,
        policy,
        fc.boolean(),
        caller,
        request,
        (before, after, was, is, http, who, asked) => {
          const [left, right] = [state(before, was, http), state(after, is, http)];
          const allowed = (given: IntentionState): boolean =>
            http
              ? decideRequest(given.intentions, given.defaultPolicy, who, asked) === 'allow'
              : intentionDecision(given.intentions, given.defaultPolicy, who).allowed;
          const narrowed = narrowedSources(left, right);
          if (allowed(left) && !allowed(right))
            expect(narrowed.includes(who.name) || narrowed.includes('*')).toBe(true);
        },
      ),
      { numRuns: 1000 },
    );
  });

  it('names nobody when nothing changes, and nobody for a list that only gains allowing permissions', () => {
    fc.assert(
      fc.property(world, policy, permission, fc.nat(), (given, defaultPolicy, added, at) => {
        expect(narrowedSources(state(given, defaultPolicy), state(given, defaultPolicy))).toEqual([]);
        const rule = given.own.web;
        if (!rule || !('Permissions' in rule)) return;
        const list = [...rule.Permissions];
        list.splice(at % (list.length + 1), 0, { ...added, Action: 'allow' });
        const wider: World = { ...given, own: { ...given.own, web: { Permissions: list } } };
        expect(narrowedSources(state(given, defaultPolicy), state(wider, defaultPolicy))).toEqual([]);
      }),
      { numRuns: 1000 },
    );
  });
});
