import { describe, expect, test } from 'vitest';
import { type Intention, sortIntentions } from '../../../src/mesh/intentions/index.js';
import { type RbacLayer, rbacRules } from '../../../src/xds/resources/authorization/rbac-rules.js';
import { type Rule, intention, permission, tokenOf } from './support/intentions.js';

const issuers = (): string => 'https://okta.example';
const policyNames = (rules: readonly Rule[], defaultPolicy: 'allow' | 'deny', layer: RbacLayer = 'http'): string[] => {
  const intentions: readonly Intention[] = sortIntentions(rules.map(intention));
  return Object.keys(
    rbacRules({ intentions, defaultPolicy, trustDomain: 'test.consul', issuers }, layer).policies ?? {},
  );
};

const admin = permission('deny', { pathPrefix: '/admin' });
const shop = permission('allow', { pathPrefix: '/shop' });

describe('the name of a policy', () => {
  test('says of which intention the token is that a request lacks', () => {
    const rules: Rule[] = [{ name: 'web', jwt: true, permissions: [shop] }];
    expect(policyNames(rules, 'allow')).toEqual(['consul-intentions-layer4-front/web']);
    const part = permission('allow', { pathPrefix: '/admin' }, tokenOf('okta'));
    expect(policyNames([{ name: 'web', permissions: [shop, part] }], 'allow')).toEqual([
      'consul-intentions-layer7-front/web/01',
    ]);
  });

  test('says which permission of which intention refuses, counted as in the entry', () => {
    const rules: Rule[] = [{ name: 'web', permissions: [shop, admin, shop, admin] }];
    expect(policyNames(rules, 'allow')).toEqual([
      'consul-intentions-layer7-front/web/01',
      'consul-intentions-layer7-front/web/03',
    ]);
  });

  test('says which permission lets through where the default is to refuse', () => {
    expect(policyNames([{ name: 'web', permissions: [admin, shop] }], 'deny')).toEqual([
      'consul-intentions-layer7-front/web/01',
    ]);
  });

  test('says which intention refuses connections, and whether it is one for all destinations', () => {
    const rules: Rule[] = [
      { name: 'web', action: 'deny' },
      { name: 'cron', action: 'deny', destination: '*' },
      { name: '*', permissions: [shop], destination: '*' },
    ];
    expect(policyNames(rules, 'allow', 'network')).toEqual([
      'consul-intentions-layer4-*/*',
      'consul-intentions-layer4-*/cron',
      'consul-intentions-layer4-front/web',
    ]);
  });

  test('is the same whatever other intentions come and go', () => {
    const web: Rule = { name: 'web', permissions: [shop, admin] };
    const alone = policyNames([web], 'allow');
    const others: Rule[] = [
      { name: 'api', action: 'deny' },
      { name: 'zoo', permissions: [admin] },
      { name: '*', permissions: [admin], destination: '*' },
    ];
    expect(policyNames([...others, web], 'allow')).toEqual(expect.arrayContaining(alone));
  });

  test('sorts as the permissions do, for Envoy tries policies by name and reports the first that matches', () => {
    const many = policyNames([{ name: 'web', permissions: Array<typeof admin>(120).fill(admin) }], 'allow');
    expect(many).toEqual([...many].sort());
    expect(many[2]).toBe('consul-intentions-layer7-front/web/002');
  });

  test('has no character that a log line could be misread by', () => {
    expect(policyNames([{ name: 'a b/c]\u00fc', action: 'deny' }], 'allow')).toEqual([
      'consul-intentions-layer4-front/a%20b%2Fc%5D%C3%BC',
    ]);
  });

  test('is one for all who are simply let through', () => {
    const rules: Rule[] = ['web', 'api', '*'].map((name) => ({ name, action: 'allow' }));
    expect(policyNames(rules, 'deny')).toEqual(['consul-intentions-layer4']);
  });
});
