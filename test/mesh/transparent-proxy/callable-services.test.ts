import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { intentionDecision, intentionsTo } from '../../../src/mesh/intentions/index.js';
import { callableServicesCell } from '../../../src/mesh/transparent-proxy/index.js';
import type { MeshView, VirtualIpRecord } from '../../../src/model/index.js';
import { rule } from '../support/intention-arbitraries.js';
import { viewOfEntries } from '../support/plain-view.js';

type Body = Readonly<Record<string, unknown>>;

const intentions = (Name: string, Sources: readonly Body[]): Body => ({ Kind: 'service-intentions', Name, Sources });
const allow = (Name: string): Body => ({ Name, Action: 'allow' });
const deny = (Name: string): Body => ({ Name, Action: 'deny' });
const permitted = (Name: string): Body => ({ Name, Permissions: [{ Action: 'deny', HTTP: { PathPrefix: '/' } }] });

const virtualIp = (service: string, position: number): VirtualIpRecord => ({
  service,
  ip: `240.0.0.${position + 1}`,
  manualIps: [],
  createIndex: 1,
  modifyIndex: 1,
});

/** A mesh of these services; the record without a name is the counter of the automatic addresses. */
function meshOf(services: readonly string[], entries: readonly Body[], defaultPolicy: 'allow' | 'deny'): MeshView {
  return viewOfEntries(entries, {
    'virtual-ips': ['', ...services].map(virtualIp),
    system: [{ name: 'default-intention-policy', value: defaultPolicy, createIndex: 1, modifyIndex: 1 }],
  });
}

const callable = (view: MeshView, caller: string): readonly string[] => view.cell(callableServicesCell, caller);

describe('what a service may call', () => {
  test('is everything with a virtual IP but itself and the servers when nothing is said and the default allows', () => {
    const view = meshOf(['stock', 'orders', 'web', 'consul'], [], 'allow');
    expect(callable(view, 'web')).toEqual(['orders', 'stock']);
  });

  test('is nothing when nothing is said and the default denies', () => {
    expect(callable(meshOf(['orders', 'web'], [], 'deny'), 'web')).toEqual([]);
  });

  test('is what intentions allow it by name, or allow everybody', () => {
    const entries = [
      intentions('orders', [allow('web')]),
      intentions('stock', [allow('api')]),
      intentions('logs', [allow('*')]),
    ];
    expect(callable(meshOf(['orders', 'stock', 'logs', 'web'], entries, 'deny'), 'web')).toEqual(['logs', 'orders']);
  });

  test('is everything but what is denied when it may call everybody', () => {
    const entries = [intentions('*', [allow('web')]), intentions('stock', [deny('web')])];
    expect(callable(meshOf(['orders', 'stock', 'web'], entries, 'deny'), 'web')).toEqual(['orders']);
  });

  test('leaves out whom a denial of everybody protects', () => {
    const entries = [intentions('*', [deny('*')]), intentions('orders', [allow('web')])];
    expect(callable(meshOf(['orders', 'stock', 'web'], entries, 'allow'), 'web')).toEqual(['orders']);
  });

  test('has those in it that look at requests, whatever they do with them', () => {
    expect(callable(meshOf(['orders'], [intentions('orders', [permitted('web')])], 'deny'), 'web')).toEqual(['orders']);
  });

  test('does not come from intentions about the services of peers', () => {
    const entries = [intentions('orders', [{ Name: 'web', Peer: 'east', Action: 'allow' }])];
    expect(callable(meshOf(['orders'], entries, 'deny'), 'web')).toEqual([]);
  });

  test('is never itself', () => {
    expect(callable(meshOf(['web'], [intentions('web', [allow('web'), allow('*')])], 'allow'), 'web')).toEqual([]);
  });

  test('agrees with a decision about each pair', () => {
    const services = ['web', 'api', 'job', 'front', 'back'];
    const names = fc.constantFrom('web', 'api', 'job', '*');
    const entry = fc.dictionary(names, rule, { minKeys: 1, maxKeys: 3 });
    const plain = fc.dictionary(names, fc.constantFrom('allow', 'deny'), { minKeys: 1, maxKeys: 3 });
    const own = fc.dictionary(fc.constantFrom(...services), entry, { maxKeys: 4 });
    const policy = fc.constantFrom('allow' as const, 'deny' as const);
    fc.assert(
      fc.property(
        own,
        fc.option(plain),
        policy,
        fc.constantFrom('web', 'api', 'other'),
        (rules, common, def, caller) => {
          const entries = [
            ...Object.entries(rules).map(([name, sources]) =>
              intentions(
                name,
                Object.entries(sources).map(([Name, said]) => ({ Name, ...said })),
              ),
            ),
            ...(common
              ? [
                  intentions(
                    '*',
                    Object.entries(common).map(([Name, Action]) => ({ Name, Action })),
                  ),
                ]
              : []),
          ];
          const view = meshOf(services, entries, def);
          const expected = services.filter((service) => {
            const { allowed, hasPermissions } = intentionDecision(intentionsTo(view, service), def, { name: caller });
            return service !== caller && (allowed || hasPermissions);
          });
          expect(callable(view, caller)).toEqual(expected.sort());
        },
      ),
    );
  });
});
