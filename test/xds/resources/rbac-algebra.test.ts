import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type IntentionPolicy, decideRequest, sortIntentions } from '../../../src/mesh/intentions/index.js';
import { rbacRules } from '../../../src/xds/resources/authorization/rbac-rules.js';
import { anyDefault, anyPermission, anyRequest, anyRules, asText, seen } from './support/authorization-cases.js';
import { isAllowed, type SeenRequest } from './support/envoy-rbac.js';
import { type Rule, intention, noIssuers } from './support/intentions.js';

const trustDomain = '11111111-2222-3333-4444-555555555555.consul';

const judge = (rules: readonly Rule[], defaultPolicy: IntentionPolicy) => {
  const built = rbacRules(
    { intentions: sortIntentions(rules.map(intention)), defaultPolicy, trustDomain, issuers: noIssuers },
    'http',
  );
  return (caller: string, request: Omit<SeenRequest, 'spiffeId'>): boolean =>
    isAllowed(built, { ...request, spiffeId: `spiffe://${trustDomain}/ns/default/dc/dc1/svc/${caller}` });
};

const verdict = (
  rules: readonly Rule[],
  defaultPolicy: IntentionPolicy,
  caller: string,
  request: Omit<SeenRequest, 'spiffeId'>,
): boolean => judge(rules, defaultPolicy)(caller, request);

/** Regular expressions are not put to longer ones in this process. */
const anySent = anyRequest(4_000);
const anyCase = fc.record({ rules: anyRules, defaultPolicy: anyDefault, sent: anySent });
const RUNS = { numRuns: 2000 };

describe('an RBAC filter and the evaluator', () => {
  test('agree about requests with odd cases, escapes, slashes, fragments, hosts, repeated headers and bytes that are no text', () => {
    let allowed = 0;
    let total = 0;
    const check = fc.property(
      anyRules,
      anyDefault,
      fc.array(anySent, { minLength: 5, maxLength: 5 }),
      (rules, defaultPolicy, requests) => {
        const intentions = sortIntentions(rules.map(intention));
        const isLet = judge(rules, defaultPolicy);
        for (const sent of requests) {
          const request = seen(sent, sent.target);
          const wanted = decideRequest(intentions, defaultPolicy, { name: sent.caller }, asText(request)) === 'allow';
          if (isLet(sent.caller, request) !== wanted)
            expect.fail(`${JSON.stringify(sent)} should be ${wanted ? 'let through' : 'refused'}`);
          total++;
          if (wanted) allowed++;
        }
      },
    );
    fc.assert(check, { numRuns: 500 });
    // Neither verdict may be the only one that is tried.
    expect(allowed / total).toBeGreaterThan(0.2);
    expect(allowed / total).toBeLessThan(0.8);
  });
});

test('an older Envoy, which joins the values of a header, lets nothing through that a newer one refuses', () => {
  fc.assert(
    fc.property(anyCase, ({ rules, defaultPolicy, sent }) => {
      const isLet = judge(rules, defaultPolicy);
      if (isLet(sent.caller, seen(sent, sent.target, 'joining')))
        expect(isLet(sent.caller, seen(sent, sent.target))).toBe(true);
    }),
    RUNS,
  );
});

describe('taking access away gives none', () => {
  test('one more denying intention', () => {
    fc.assert(
      fc.property(
        anyCase,
        fc.constantFrom('web', 'cron', '*'),
        fc.constantFrom('front', '*'),
        ({ rules, defaultPolicy, sent }, name, destination) => {
          const others = rules.filter((rule) => rule.name !== name || rule.destination !== destination);
          const request = seen(sent, sent.target);
          const after = verdict(
            [...others, { name, action: 'deny', destination }],
            defaultPolicy,
            sent.caller,
            request,
          );
          if (after) expect(verdict(rules, defaultPolicy, sent.caller, request)).toBe(true);
        },
      ),
      RUNS,
    );
  });

  test('one more denying permission, wherever it stands', () => {
    fc.assert(
      fc.property(anyCase, anyPermission, fc.nat(), fc.nat(), ({ rules, defaultPolicy, sent }, added, which, where) => {
        const candidates = rules.filter(({ permissions = [] }) => permissions.length > 0);
        const changed = candidates[which % Math.max(1, candidates.length)];
        if (changed === undefined) return;
        const permissions = [...(changed.permissions ?? [])];
        permissions.splice(where % (permissions.length + 1), 0, { ...added, action: 'deny' });
        const stricter = rules.map((rule) => (rule === changed ? { ...changed, permissions } : rule));
        const request = seen(sent, sent.target);
        if (verdict(stricter, defaultPolicy, sent.caller, request))
          expect(verdict(rules, defaultPolicy, sent.caller, request)).toBe(true);
      }),
      RUNS,
    );
  });

  test('one allowing permission less', () => {
    fc.assert(
      fc.property(anyCase, fc.nat(), fc.nat(), ({ rules, sent }, which, where) => {
        const candidates = rules.filter(({ permissions = [] }) => permissions.length > 1);
        const changed = candidates[which % Math.max(1, candidates.length)];
        if (changed?.permissions === undefined) return;
        const gone = where % changed.permissions.length;
        if (changed.permissions[gone]?.action !== 'allow') return;
        const permissions = changed.permissions.filter((_one, position) => position !== gone);
        const less = rules.map((rule) => (rule === changed ? { ...changed, permissions } : rule));
        const request = seen(sent, sent.target);
        // Under a default of allow, what no permission speaks of any more is let through: that is what the default says.
        if (verdict(less, 'deny', sent.caller, request))
          expect(verdict(rules, 'deny', sent.caller, request)).toBe(true);
      }),
      RUNS,
    );
  });

  test('one allowing intention less, but for callers of whom a weaker one speaks', () => {
    fc.assert(
      fc.property(anyCase, fc.nat(), ({ rules, sent }, which) => {
        const gone = rules[which % Math.max(1, rules.length)];
        if (gone === undefined || gone.action !== 'allow' || (gone.permissions ?? []).length > 0) return;
        const request = seen(sent, sent.target);
        if (
          verdict(
            rules.filter((rule) => rule !== gone),
            'deny',
            sent.caller,
            request,
          )
        )
          expect(verdict(rules, 'deny', sent.caller, request)).toBe(true);
      }),
      RUNS,
    );
  });
});
