import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  type IntentionPolicy,
  type VerifiedTokens,
  decideRequest,
  intentionDecision,
  sortIntentions,
} from '../../../src/mesh/intentions/index.js';
import { serviceSpiffeId } from '../../../src/mesh/proxy/index.js';
import { findLosses } from '../../../src/xds/envoy-api/index.js';
import { type RbacLayer, rbacRules } from '../../../src/xds/resources/authorization/rbac-rules.js';
import { type SeenRequest, isAllowed } from './support/envoy-rbac.js';
import { type Rule, header, intention, permission, tokenOf } from './support/intentions.js';

const TRUST_DOMAIN = '11111111-2222-3333-4444-555555555555.consul';
const spiffeId = (service: string, datacenter = 'dc1'): string =>
  `spiffe://${TRUST_DOMAIN}/ns/default/dc/${datacenter}/svc/${service}`;

const PROVIDERS = ['okta', 'door'];
const issuers = (provider: string): string | undefined =>
  PROVIDERS.includes(provider) ? `https://${provider}.example` : undefined;
const rulesOf = (rules: readonly Rule[], defaultPolicy: IntentionPolicy, layer: RbacLayer = 'http') =>
  rbacRules(
    { intentions: sortIntentions(rules.map(intention)), defaultPolicy, trustDomain: TRUST_DOMAIN, issuers },
    layer,
  );

/** What the filter in front of the RBAC filter has found out about a request: payloads by provider. */
const withTokens = (tokens: VerifiedTokens): Pick<SeenRequest, 'metadata'> => ({
  metadata: {
    'envoy.filters.http.jwt_authn': Object.fromEntries(
      Object.entries(tokens).map(([provider, payload]) => [
        `jwt_payload_${provider}`,
        { iss: issuers(provider), ...payload },
      ]),
    ),
  },
});

const request = (changes: Partial<SeenRequest> = {}): SeenRequest => ({
  spiffeId: spiffeId('web'),
  method: 'GET',
  path: '/',
  headers: {},
  ...changes,
});

describe('rules without intentions are the default', () => {
  test('deny: an allow list with nobody on it', () => expect(rulesOf([], 'deny')).toEqual({}));
  test('allow: a deny list with nobody on it', () => expect(rulesOf([], 'allow')).toEqual({ action: 'DENY' }));
});

describe('who may connect', () => {
  test('one allowed caller is one principal, in any datacenter', () => {
    const rules = rulesOf([{ name: 'web', action: 'allow' }], 'deny', 'network');
    expect(Object.keys(rules.policies ?? {})).toEqual(['consul-intentions-layer4']);
    expect(isAllowed(rules, request())).toBe(true);
    expect(isAllowed(rules, request({ spiffeId: spiffeId('web', 'dc2') }))).toBe(true);
    expect(isAllowed(rules, request({ spiffeId: spiffeId('api') }))).toBe(false);
    expect(isAllowed(rules, request({ spiffeId: spiffeId('web').replace(TRUST_DOMAIN, 'evil.consul') }))).toBe(false);
  });

  test('a name is never a pattern: a rule for "a.b" is not about "axb"', () => {
    const rules = rulesOf([{ name: 'a.b', action: 'allow' }], 'deny', 'network');
    expect(isAllowed(rules, request({ spiffeId: spiffeId('a.b') }))).toBe(true);
    expect(isAllowed(rules, request({ spiffeId: spiffeId('axb') }))).toBe(false);
  });

  test('a wildcard does not speak for those who are named', () => {
    const rules = rulesOf(
      [
        { name: '*', action: 'allow' },
        { name: 'web', action: 'deny' },
      ],
      'deny',
      'network',
    );
    expect(isAllowed(rules, request())).toBe(false);
    expect(isAllowed(rules, request({ spiffeId: spiffeId('api') }))).toBe(true);
  });

  test('many callers are few expressions, and still everybody by name', () => {
    const many = Array.from({ length: 250 }, (_, position) => `caller.${position}`);
    const rules = rulesOf(
      many.map((name) => ({ name, action: 'allow' })),
      'deny',
      'network',
    );
    expect(rules.policies?.['consul-intentions-layer4']?.principals).toHaveLength(3);
    const isLet = (name: string): boolean => isAllowed(rules, request({ spiffeId: spiffeId(name) }));
    expect(many.every(isLet)).toBe(true);
    expect(['caller.250', 'callerx1', 'caller', 'caller.1|caller.2', ''].some(isLet)).toBe(false);
    const butThose = rulesOf([{ name: '*', action: 'allow' }, ...many.map((name) => ({ name }))], 'deny', 'network');
    const isOther = (name: string): boolean => isAllowed(butThose, request({ spiffeId: spiffeId(name) }));
    expect(many.some(isOther)).toBe(false);
    expect(['caller.250', 'callerx1', 'caller'].every(isOther)).toBe(true);
  });

  test('a name with a slash in it is one name, and everybody is everybody', () => {
    const rules = rulesOf(
      [
        { name: '*', action: 'deny' },
        { name: 'a/b \u00fc', action: 'allow' },
      ],
      'allow',
      'network',
    );
    expect(isAllowed(rules, request({ spiffeId: serviceSpiffeId(TRUST_DOMAIN, 'dc1', 'a/b \u00fc') }))).toBe(true);
    expect(isAllowed(rules, request({ spiffeId: serviceSpiffeId(TRUST_DOMAIN, 'dc1', 'x/y') }))).toBe(false);
  });

  test('permissions let nobody through where requests are not seen', () => {
    const rules = rulesOf(
      [{ name: 'web', permissions: [permission('allow', { pathPrefix: '/' })] }],
      'deny',
      'network',
    );
    expect(isAllowed(rules, request())).toBe(false);
  });

  test('tokens let nobody through where requests are not seen', () => {
    for (const defaultPolicy of ['allow', 'deny'] as const) {
      const rules = rulesOf([{ name: 'web', action: 'allow', jwt: true }], defaultPolicy, 'network');
      expect(isAllowed(rules, request(withTokens({ okta: {} })))).toBe(false);
    }
  });
});

describe.each(['allow', 'deny'] as const)('a token that is required, under default %s', (defaultPolicy) => {
  const allowed = (rule: Omit<Rule, 'name'>, changes: Partial<SeenRequest> = {}): boolean =>
    isAllowed(rulesOf([{ name: 'web', ...rule }], defaultPolicy), request(changes));
  const clerk = tokenOf('okta', { role: 'clerk', 'at.shop': 'north' });
  const good = { role: 'clerk', at: { shop: 'north' } };

  test('of every caller is required for everything', () => {
    expect(allowed({ action: 'allow', jwt: true })).toBe(false);
    expect(allowed({ action: 'allow', jwt: true }, withTokens({ okta: {} }))).toBe(true);
    expect(allowed({ action: 'allow', jwt: true }, withTokens({ door: {} }))).toBe(false);
    expect(allowed({ action: 'deny', jwt: true }, withTokens({ okta: {} }))).toBe(false);
  });

  test.each([
    [good, true],
    [{ ...good, more: 1 }, true],
    [{ role: 'clerk' }, false],
    [{ role: 'clerk', at: { shop: 'south' } }, false],
    [{ role: 'clerk', at: 'shop' }, false],
    [{ role: ['clerk'], at: { shop: 'north' } }, false],
    [{ role: 'Clerk', at: { shop: 'north' } }, false],
    [{ ...good, iss: 'https://evil.example' }, false],
  ])('with claims must have them all: %j %s', (payload, met) => {
    expect(allowed({ action: 'allow', jwt: clerk }, withTokens({ okta: payload }))).toBe(met);
  });

  test('of one provider or another may be either', () => {
    const jwt = { providers: [...tokenOf('okta', { role: 'clerk' }).providers, ...tokenOf('door').providers] };
    expect(allowed({ action: 'allow', jwt }, withTokens({ door: {} }))).toBe(true);
    expect(allowed({ action: 'allow', jwt }, withTokens({ okta: { role: 'clerk' } }))).toBe(true);
    expect(allowed({ action: 'allow', jwt }, withTokens({ okta: {} }))).toBe(false);
  });

  test('for a part of the requests is not required for others, and its lack does not lead on to them', () => {
    const permissions = [
      permission('allow', { pathPrefix: '/admin' }, tokenOf('okta')),
      permission('allow', { pathPrefix: '/' }),
    ];
    expect(allowed({ permissions }, { path: '/admin' })).toBe(false);
    expect(allowed({ permissions }, { path: '/admin', ...withTokens({ okta: {} }) })).toBe(true);
    expect(allowed({ permissions }, { path: '/shop' })).toBe(true);
  });

  test('of everybody and another one for a part must both be there', () => {
    const rule = { jwt: tokenOf('door'), permissions: [permission('allow', { pathPrefix: '/a' }, tokenOf('okta'))] };
    expect(allowed(rule, { path: '/a', ...withTokens({ okta: {} }) })).toBe(false);
    expect(allowed(rule, { path: '/a', ...withTokens({ door: {} }) })).toBe(false);
    expect(allowed(rule, { path: '/a', ...withTokens({ door: {}, okta: {} }) })).toBe(true);
    expect(allowed(rule, { path: '/b', ...withTokens({ door: {} }) })).toBe(defaultPolicy === 'allow');
    expect(allowed(rule, { path: '/b' })).toBe(false);
  });

  test('does not open what is denied', () => {
    const permissions = [permission('deny', { pathPrefix: '/' }, tokenOf('okta'))];
    expect(allowed({ permissions }, withTokens({ okta: {} }))).toBe(false);
    expect(allowed({ permissions })).toBe(false);
  });

  test('of a provider that is not there is never met; one that names no provider asks for nothing', () => {
    const claimed = { metadata: { 'envoy.filters.http.jwt_authn': { jwt_payload_gone: { iss: '' } } } };
    expect(allowed({ action: 'allow', jwt: tokenOf('gone') }, claimed)).toBe(false);
    expect(
      allowed({ permissions: [permission('allow', { pathPrefix: '/' }, tokenOf('gone'))] }, { path: '/', ...claimed }),
    ).toBe(false);
    expect(allowed({ action: 'allow', jwt: { providers: [] } })).toBe(true);
  });

  test('is the one that its name says, letter for letter', () => {
    const named = rulesOf([{ name: 'web', action: 'allow', jwt: tokenOf('okta', { 'a.*': 'b.*' }) }], defaultPolicy);
    expect(isAllowed(named, request(withTokens({ okta: { a: { '*': 'b.*' } } })))).toBe(true);
    expect(isAllowed(named, request(withTokens({ okta: { a: { x: 'b.*' } } })))).toBe(false);
    expect(isAllowed(named, request(withTokens({ okta: { a: { '*': 'bcd' } } })))).toBe(false);
  });

  test('of callers by name is not asked of others', () => {
    const rules = rulesOf(
      [
        { name: 'web', action: 'allow', jwt: true },
        { name: '*', action: 'allow', destination: '*' },
      ],
      defaultPolicy,
    );
    expect(isAllowed(rules, request({ spiffeId: spiffeId('api') }))).toBe(true);
    expect(isAllowed(rules, request({ spiffeId: spiffeId('api'), ...withTokens({ okta: {} }) }))).toBe(true);
    expect(isAllowed(rules, request())).toBe(false);
    expect(isAllowed(rules, request(withTokens({ okta: {} })))).toBe(true);
  });
});

describe('regular expressions fail closed on bytes that are no text', () => {
  const broken = '/admin\xff';
  test('a denied path stays denied', () => {
    const permissions = [permission('deny', { pathRegex: '/admin.*' }), permission('allow', { pathPrefix: '/' })];
    for (const defaultPolicy of ['allow', 'deny'] as const) {
      const rules = rulesOf([{ name: 'web', permissions }], defaultPolicy);
      expect(isAllowed(rules, request({ path: broken }))).toBe(false);
      expect(isAllowed(rules, request({ path: '/shop' }))).toBe(true);
    }
  });

  test('a denied header stays denied, and only where it is there', () => {
    const permissions = [permission('deny', { header: [header('x-role', { regex: 'guest.*' })] })];
    const rules = rulesOf([{ name: 'web', permissions }], 'allow');
    expect(isAllowed(rules, request({ headers: { 'x-role': ['guest\xff'] } }))).toBe(false);
    expect(isAllowed(rules, request({ headers: { 'x-role': ['admin'] } }))).toBe(true);
    expect(isAllowed(rules, request())).toBe(true);
  });

  test('an inverted match allows nothing by failing to match', () => {
    const permissions = [permission('allow', { header: [header('x-role', { regex: 'guest.*', invert: true })] })];
    const rules = rulesOf([{ name: 'web', permissions }], 'deny');
    expect(isAllowed(rules, request({ headers: { 'x-role': ['guest\xff'] } }))).toBe(false);
    expect(isAllowed(rules, request({ headers: { 'x-role': ['admin'] } }))).toBe(true);
  });
});

const names = ['web', 'cron', 'a.b', '*'];
const paths = ['/', '/admin', '/admin/x', '/shop', '/Admin'];
const values = ['', 'a', 'A', 'ab', 'ba'];

const anyHeader = fc
  .record({
    name: fc.constantFrom('x-a', 'X-B'),
    kind: fc.constantFrom('present', 'exact', 'prefix', 'suffix', 'contains', 'regex'),
    value: fc.constantFrom('a', 'A', 'ab', 'b'),
    invert: fc.boolean(),
    ignoreCase: fc.boolean(),
  })
  .map(({ name, kind, value, invert, ignoreCase }) => {
    const match = kind === 'present' ? { present: true } : { [kind]: kind === 'regex' ? `${value}.*` : value };
    return header(name, { ...match, invert, ignoreCase: ignoreCase && kind !== 'present' && kind !== 'regex' });
  });

const anyRequirement = fc.option(
  fc.record({
    providers: fc.array(
      fc.record({
        name: fc.constantFrom(...PROVIDERS, 'gone'),
        verifyClaims: fc.array(
          fc.constantFrom({ path: ['role'], value: 'clerk' }, { path: ['at', 'shop'], value: 'north' }),
          { maxLength: 2 },
        ),
      }),
      { maxLength: 2 },
    ),
  }),
  { nil: undefined },
);

const anyTokens: fc.Arbitrary<VerifiedTokens> = fc.dictionary(
  fc.constantFrom(...PROVIDERS),
  fc.constantFrom(
    {},
    { role: 'clerk' },
    { role: 'boss' },
    { at: { shop: 'north' } },
    { role: 'clerk', at: { shop: 'north' } },
  ),
);

const anyPermission = fc
  .record({
    jwt: anyRequirement,
    action: fc.constantFrom('allow' as const, 'deny' as const),
    path: fc.constantFrom(
      {},
      ...paths.flatMap((path) => [{ pathExact: path }, { pathPrefix: path }, { pathRegex: `${path}.?` }]),
    ),
    header: fc.array(anyHeader, { maxLength: 2 }),
    methods: fc.subarray(['GET', 'POST', 'HEAD']),
  })
  .map(({ action, path, jwt, ...rest }) => permission(action, { ...path, ...rest }, jwt));

const anyRules = fc.uniqueArray(
  fc.record({
    name: fc.constantFrom(...names),
    destination: fc.constantFrom('front', '*'),
    action: fc.constantFrom('allow' as const, 'deny' as const),
    permissions: fc.oneof(fc.constant([]), fc.array(anyPermission, { maxLength: 4 })),
    jwt: anyRequirement,
  }),
  { selector: ({ name, destination }) => `${destination} ${name}`, maxLength: 7 },
);

const anyRequest = fc.record({
  caller: fc.constantFrom('web', 'cron', 'a.b', 'axb', 'other'),
  method: fc.constantFrom('GET', 'POST', 'PUT'),
  path: fc.constantFrom(...paths),
  headers: fc.dictionary(
    fc.constantFrom('x-a', 'x-b'),
    fc.array(fc.constantFrom(...values), { minLength: 1, maxLength: 2 }),
  ),
  tokens: anyTokens,
});

/** The request as the RBAC filter sees it. */
const asSeen = ({ caller, tokens, ...seen }: AnyRequest): SeenRequest => ({
  ...seen,
  spiffeId: spiffeId(caller),
  ...withTokens(tokens),
});
type AnyRequest = typeof anyRequest extends fc.Arbitrary<infer Value> ? Value : never;

describe('the rules decide as the intentions do', () => {
  test('for every request to an HTTP service', () => {
    fc.assert(
      fc.property(
        anyRules,
        fc.constantFrom('allow' as const, 'deny' as const),
        fc.array(anyRequest, { minLength: 8, maxLength: 8 }),
        (rules, defaultPolicy, requests) => {
          const built = rulesOf(rules, defaultPolicy);
          const intentions = sortIntentions(rules.map(intention));
          for (const asked of requests) {
            const wanted = decideRequest(intentions, defaultPolicy, { name: asked.caller }, asked);
            expect({ asked, allowed: isAllowed(built, asSeen(asked)) }).toEqual({ asked, allowed: wanted === 'allow' });
          }
        },
      ),
      { numRuns: 400 },
    );
  });

  test('for every connection to a TCP service', () => {
    fc.assert(
      fc.property(
        anyRules,
        fc.constantFrom('allow' as const, 'deny' as const),
        anyRequest,
        (rules, defaultPolicy, asked) => {
          const built = rulesOf(rules, defaultPolicy, 'network');
          const decision = intentionDecision(sortIntentions(rules.map(intention)), defaultPolicy, {
            name: asked.caller,
          });
          expect(isAllowed(built, asSeen(asked))).toBe(decision.allowed);
        },
      ),
      { numRuns: 400 },
    );
  });

  test('the order in which intentions were written does not show, and nothing is lost in encoding', () => {
    fc.assert(
      fc.property(anyRules, fc.infiniteStream(fc.nat()), (rules, randoms) => {
        const shuffled = rules
          .map((rule) => ({ rule, at: randoms.next().value as number }))
          .sort((left, right) => left.at - right.at)
          .map(({ rule }) => rule);
        const built = rulesOf(rules, 'deny');
        expect(JSON.stringify(rulesOf(shuffled, 'deny'))).toBe(JSON.stringify(built));
        expect(findLosses('envoy.extensions.filters.http.rbac.v3.RBAC', { rules: built })).toEqual([]);
      }),
      { numRuns: 100 },
    );
  });
});

describe('taking away never gives', () => {
  test('one more deny never lets a request through that was refused', () => {
    fc.assert(
      fc.property(
        anyRules,
        fc.constantFrom('allow' as const, 'deny' as const),
        anyRequest,
        fc.constantFrom('web', 'cron'),
        (rules, defaultPolicy, asked, name) => {
          const others = rules.filter((rule) => rule.name !== name || rule.destination !== 'front');
          const stricter = rulesOf([...others, { name, action: 'deny' }], defaultPolicy);
          const seen = asSeen(asked);
          if (isAllowed(stricter, seen)) {
            expect(asked.caller).not.toBe(name);
            expect(isAllowed(rulesOf(rules, defaultPolicy), seen)).toBe(true);
          }
        },
      ),
      { numRuns: 400 },
    );
  });
});
