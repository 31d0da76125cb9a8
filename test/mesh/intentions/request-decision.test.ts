import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type AuthorizedRequest,
  decideRequest,
  decisionReason,
  intentionDecision,
} from '../../../src/mesh/intentions/index.js';
import {
  type Rule,
  type World,
  caller,
  callerNames,
  intentionsIn,
  permission,
  policy,
  request,
  world,
} from '../support/intention-arbitraries.js';

const get = (path: string, headers: Readonly<Record<string, string>> = {}): AuthorizedRequest => ({
  method: 'GET',
  path,
  headers: Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, [value]])),
});
const only = (rule: Rule): World => ({ own: { web: rule }, common: {} });
const clerk = { Providers: [{ Name: 'okta', VerifyClaims: [{ Path: ['role'], Value: 'clerk' }] }] };
const permissions = (...list: readonly object[]): World => only({ Permissions: list });
const decide = (given: World, asked: AuthorizedRequest, defaultPolicy: 'allow' | 'deny' = 'deny'): string =>
  decideRequest(intentionsIn(given), defaultPolicy, { name: 'web' }, asked);

describe('the decision about a request', () => {
  it('is that of the most exact intention about the caller', () => {
    const given: World = {
      own: { web: { Action: 'allow' }, '*': { Action: 'deny' } },
      common: { api: { Action: 'allow' } },
    };
    expect(decide(given, get('/'))).toBe('allow');
    expect(decideRequest(intentionsIn(given), 'allow', { name: 'api' }, get('/'))).toBe('deny');
    expect(decideRequest(intentionsIn({ own: {}, common: given.common }), 'deny', { name: 'api' }, get('/'))).toBe(
      'allow',
    );
  });

  it('is the default where no intention is about the caller, and where no permission matches', () => {
    for (const defaultPolicy of ['allow', 'deny'] as const) {
      expect(decide({ own: {}, common: {} }, get('/'), defaultPolicy)).toBe(defaultPolicy);
      const given = permissions({ Action: 'deny', HTTP: { PathExact: '/x' } });
      expect(decide(given, get('/y'), defaultPolicy)).toBe(defaultPolicy);
    }
  });

  it('is that of the first permission that matches', () => {
    const given = permissions(
      { Action: 'deny', HTTP: { PathPrefix: '/admin' } },
      { Action: 'allow', HTTP: { PathPrefix: '/' } },
    );
    expect(decide(given, get('/admin/x'))).toBe('deny');
    expect(decide(given, get('/x'))).toBe('allow');
  });

  it('looks at the path without query and fragment', () => {
    const given = permissions({ Action: 'allow', HTTP: { PathExact: '/a' } });
    expect(decide(given, get('/a?b=c'))).toBe('allow');
    expect(decide(given, get('/a#b'))).toBe('allow');
    expect(decide(given, get('/b?/a'))).toBe('deny');
  });

  it('takes regular expressions as matching the whole', () => {
    const given = permissions({ Action: 'allow', HTTP: { PathRegex: '/a|/b' } });
    expect(decide(given, get('/a'))).toBe('allow');
    expect(decide(given, get('/b'))).toBe('allow');
    expect(decide(given, get('/a/x'))).toBe('deny');
    expect(decide(given, get('/x/b'))).toBe('deny');
  });

  it.each([
    [{ Present: true }, 'x', true, false],
    [{ Present: true, Invert: true }, 'x', false, true],
    [{ Exact: 'Ab' }, 'Ab', true, false],
    [{ Exact: 'Ab' }, 'ab', false, false],
    [{ Exact: 'Ab', IgnoreCase: true }, 'aB', true, false],
    [{ Exact: 'Ab', Invert: true }, 'x', true, false],
    [{ Prefix: 'a' }, 'abc', true, false],
    [{ Suffix: 'c' }, 'abc', true, false],
    [{ Contains: 'B', IgnoreCase: true }, 'abc', true, false],
    [{ Regex: 'a.c' }, 'abc', true, false],
    [{ Regex: 'b' }, 'abc', false, false],
  ])('with header %j and value %s matches: %s, without the header: %s', (match, value, present, absent) => {
    const given = permissions({ Action: 'allow', HTTP: { Header: [{ Name: 'X-Test', ...match }] } });
    expect(decide(given, get('/', { 'x-test': value }))).toBe(present ? 'allow' : 'deny');
    expect(decide(given, get('/'))).toBe(absent ? 'allow' : 'deny');
  });

  it('needs the token that is asked of all callers, whatever the permissions say', () => {
    const asking = (rule: World['own'][string]): World => ({ ...only(rule), ownToken: clerk });
    const all = { Permissions: [{ Action: 'allow', HTTP: { PathPrefix: '/' } }] };
    for (const rule of [{ Action: 'allow' }, all]) {
      expect(decide(asking(rule), get('/'))).toBe('deny');
      expect(decide(asking(rule), { ...get('/'), tokens: { okta: { role: 'boss' } } })).toBe('deny');
      expect(decide(asking(rule), { ...get('/'), tokens: { okta: { role: 'clerk' } } })).toBe('allow');
    }
    expect(decide(asking({ Action: 'deny' }), { ...get('/'), tokens: { okta: { role: 'clerk' } } })).toBe('deny');
  });

  it('needs the token of the permission that matches first, and none of the others', () => {
    const given = permissions(
      { Action: 'allow', HTTP: { PathPrefix: '/admin' }, JWT: clerk },
      { Action: 'allow', HTTP: { PathPrefix: '/' } },
    );
    expect(decide(given, get('/admin'))).toBe('deny');
    expect(decide(given, { ...get('/admin'), tokens: { okta: { role: 'clerk' } } })).toBe('allow');
    expect(decide(given, get('/shop'))).toBe('allow');
  });

  it('about a service of a peer is not that about ours of the same name', () => {
    const given = intentionsIn(only({ Action: 'allow' }));
    expect(decideRequest(given, 'deny', { name: 'web', peer: 'east' }, get('/'))).toBe('deny');
  });
});

describe('the decision about a connection', () => {
  it('is no where permissions decide', () => {
    const given = intentionsIn(permissions({ Action: 'allow', HTTP: { PathPrefix: '/' } }));
    const decision = intentionDecision(given, 'allow', { name: 'web' });
    expect(decision).toMatchObject({ allowed: false, hasPermissions: true });
    expect(decisionReason(decision)).toContain('L7 intention');
  });

  it('says why', () => {
    const given = intentionsIn(only({ Action: 'deny' }));
    expect(decisionReason(intentionDecision(given, 'allow', { name: 'web' }))).toBe(
      'Matched L4 intention: default/web => default/front (Precedence: 9, Action: DENY)',
    );
    expect(decisionReason(intentionDecision(given, 'allow', { name: 'api' }))).toBe(
      'Default behavior configured by ACLs',
    );
  });
});

/** CVE-2021-36213: one denying permission under a denying default opened everything. */
describe('the algebra of intentions', () => {
  const name = fc.constantFrom(...callerNames, '*');
  const widened = (
    before: World,
    after: World,
    defaultPolicy: 'allow' | 'deny',
    who: { name: string },
    asked: AuthorizedRequest,
  ): boolean =>
    decideRequest(intentionsIn(before), defaultPolicy, who, asked) === 'deny' &&
    decideRequest(intentionsIn(after), defaultPolicy, who, asked) === 'allow';

  it('denying a caller never widens access', () => {
    fc.assert(
      fc.property(
        world,
        name,
        fc.boolean(),
        policy,
        caller,
        request,
        (before, source, everywhere, defaultPolicy, who, asked) => {
          const deny = { [source]: { Action: 'deny' } };
          // The name of a source that has no rule yet: a denial beside the others.
          const after: World = everywhere
            ? { ...before, common: { ...before.common, ...deny } }
            : { ...before, own: { ...before.own, ...deny } };
          expect(widened(before, after, defaultPolicy, who, asked)).toBe(false);
        },
      ),
      { numRuns: 1000 },
    );
  });

  it('a further denying permission never widens access, wherever it is put', () => {
    fc.assert(
      fc.property(
        world,
        name,
        permission,
        fc.nat(),
        policy,
        caller,
        request,
        (before, source, added, at, defaultPolicy, who, asked) => {
          const rule = before.own[source];
          if (!rule || !('Permissions' in rule)) return;
          const list = [...rule.Permissions];
          list.splice(at % (list.length + 1), 0, { ...added, Action: 'deny' });
          const after: World = { ...before, own: { ...before.own, [source]: { Permissions: list } } };
          expect(widened(before, after, defaultPolicy, who, asked)).toBe(false);
        },
      ),
      { numRuns: 1000 },
    );
  });

  it('removing an allowing permission never widens access', () => {
    fc.assert(
      fc.property(world, name, fc.nat(), policy, caller, request, (before, source, at, defaultPolicy, who, asked) => {
        const rule = before.own[source];
        if (!rule || !('Permissions' in rule) || rule.Permissions.length < 2) return;
        const victim = at % rule.Permissions.length;
        const { Action, JWT } = rule.Permissions[victim] as { Action: string; JWT?: { Providers: unknown[] } };
        // One that asks for a token shuts out who has none: the next that matches may let them in.
        if (Action !== 'allow' || (JWT?.Providers.length ?? 0) > 0) return;
        const list = rule.Permissions.filter((_permission, position) => position !== victim);
        const after: World = { ...before, own: { ...before.own, [source]: { Permissions: list } } };
        const rest = decideRequest(intentionsIn(after), defaultPolicy, who, asked);
        const was = decideRequest(intentionsIn(before), defaultPolicy, who, asked);
        expect(was === 'deny' && rest === 'allow').toBe(false);
      }),
      { numRuns: 1000 },
    );
  });

  it('removing an allowing source under a denying default never widens access beyond what else is said of the caller', () => {
    fc.assert(
      fc.property(world, name, caller, request, (before, source, who, asked) => {
        const rule = before.own[source];
        // What asks for a token shuts out who has none: what is said of everybody may let them in.
        if (!rule || !('Action' in rule) || rule.Action !== 'allow' || before.ownToken) return;
        const { [source]: _removed, ...own } = before.own;
        expect(widened(before, { ...before, own }, 'deny', who, asked)).toBe(false);
      }),
      { numRuns: 1000 },
    );
  });
});
