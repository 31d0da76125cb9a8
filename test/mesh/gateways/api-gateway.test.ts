import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { boundGatewayCell, conditionsCell, gatewayServicesCell } from '../../../src/mesh/gateways/index.js';
import { commonHostnames, hostMatches } from '../../../src/mesh/gateways/hostnames.js';
import { type MeshView, configEntryKey } from '../../../src/model/index.js';
import { node, service, sidecar } from '../proxy/support/records.js';
import { viewOfEntries } from '../support/plain-view.js';

const gateway = {
  Kind: 'api-gateway',
  Name: 'gw',
  Listeners: [
    { Name: 'web', Port: 80, Protocol: 'http', Hostname: '*.shop.example' },
    { Name: 'db', Port: 5432, Protocol: 'tcp' },
    {
      Name: 'tls',
      Port: 443,
      Protocol: 'http',
      TLS: { Certificates: [{ Name: 'there', Kind: 'file-system-certificate' }, { Name: 'gone' }] },
    },
  ],
};
const certificate = { Kind: 'file-system-certificate', Name: 'there', Certificate: '/c', PrivateKey: '/k' };
const http = (Name: string) => ({ Kind: 'service-defaults', Name, Protocol: 'http' });
const httpRoute = (Name: string, services: readonly string[], more: object = {}) => ({
  Kind: 'http-route',
  Name,
  Parents: [{ Name: 'gw' }],
  Rules: [{ Services: services.map((one) => ({ Name: one })) }],
  ...more,
});
const tcpRoute = (Name: string, to: string, more: object = {}) => ({
  Kind: 'tcp-route',
  Name,
  Parents: [{ Name: 'gw' }],
  Services: [{ Name: to }],
  ...more,
});
const conditions = (view: MeshView, kind: string, name: string): readonly string[] =>
  (view.cell(conditionsCell, configEntryKey(kind, name)) ?? []).map(
    ({ type, status, reason, resource }) => `${type} ${resource.sectionName} ${status} ${reason}`,
  );
const bound = (view: MeshView) =>
  Object.fromEntries(
    (view.cell(boundGatewayCell, 'gw')?.listeners ?? []).map(({ name, routes }) => [
      name,
      routes.map((one) => one.name),
    ]),
  );

describe('an API gateway', () => {
  test('is bound to routes that are accepted and fit its listeners in protocol, host and section', () => {
    const view = viewOfEntries([
      gateway,
      certificate,
      http('web'),
      http('api'),
      httpRoute('all', ['web']),
      httpRoute('one', ['api'], { Hostnames: ['a.shop.example'], Parents: [{ Name: 'gw', SectionName: 'web' }] }),
      httpRoute('elsewhere', ['web'], { Hostnames: ['other.example'], Parents: [{ Name: 'gw', SectionName: 'web' }] }),
      httpRoute('mismatch', ['db']),
      httpRoute('nothing', []),
      tcpRoute('db', 'db'),
      tcpRoute('orphan', 'db', { Parents: [{ Name: 'none' }] }),
    ]);
    expect(bound(view)).toEqual({ web: ['all', 'one'], db: ['db'], tls: ['all'] });
    expect(Object.keys(view.cell(boundGatewayCell, 'gw')?.services ?? {})).toEqual(['api', 'db', 'web']);
    expect(conditions(view, 'http-route', 'one')).toEqual(['Accepted  True Accepted', 'Bound web True Bound']);
    expect(conditions(view, 'http-route', 'elsewhere')).toEqual([
      'Accepted  True Accepted',
      'Bound web False FailedToBind',
    ]);
    expect(conditions(view, 'http-route', 'mismatch')).toEqual([
      'Accepted  False InvalidDiscoveryChain',
      'Bound  False FailedToBind',
    ]);
    expect(conditions(view, 'http-route', 'nothing')[0]).toBe('Accepted  False NoUpstreamServicesTargeted');
    expect(conditions(view, 'tcp-route', 'orphan')[1]).toBe('Bound  False GatewayNotFound');
  });

  test('says which listener lacks a certificate or has more routes than it can tell apart', () => {
    const view = viewOfEntries([gateway, certificate, tcpRoute('a', 's1'), tcpRoute('b', 's2')]);
    expect(conditions(view, 'api-gateway', 'gw')).toEqual([
      'Accepted  False InvalidCertificates',
      'Conflicted db True RouteConflict',
      'Conflicted tls False NoConflict',
      'Conflicted web False NoConflict',
      'ResolvedRefs db True ResolvedRefs',
      'ResolvedRefs tls False InvalidCertificateRef',
      'ResolvedRefs web True ResolvedRefs',
    ]);
    expect(view.cell(boundGatewayCell, 'gw')?.listeners[2]?.certificates.map(({ name }) => name)).toEqual(['there']);
  });

  test('comes to the same whatever the order in which entries are found', () => {
    const entries = [
      gateway,
      certificate,
      http('web'),
      httpRoute('x', ['web']),
      httpRoute('y', ['web']),
      tcpRoute('a', 's'),
    ];
    const outcome = (view: MeshView) =>
      JSON.stringify([
        view.cell(boundGatewayCell, 'gw'),
        view.cell(gatewayServicesCell, 'gw'),
        ...['x', 'y'].map((name) => view.cell(conditionsCell, configEntryKey('http-route', name))),
        view.cell(conditionsCell, configEntryKey('api-gateway', 'gw')),
      ]);
    const expected = outcome(viewOfEntries(entries));
    fc.assert(
      fc.property(fc.shuffledSubarray(entries, { minLength: entries.length }), (shuffled) => {
        expect(outcome(viewOfEntries(shuffled))).toBe(expected);
      }),
      { numRuns: 30 },
    );
  });
});

describe('hosts', () => {
  test('match without case, and a wildcard stands for one label or more', () => {
    expect(hostMatches('*.a.b', 'X.y.A.b')).toBe(true);
    expect([hostMatches('*.a.b', 'a.b'), hostMatches('*.a.b', 'xa.b'), hostMatches('a.b', 'x.a.b')]).toEqual([
      false,
      false,
      false,
    ]);
    expect([hostMatches('', 'any'), hostMatches('*', 'any')]).toEqual([true, true]);
    expect(commonHostnames('*.b', ['a.b', 'A.b', 'c'])).toEqual(['a.b']);
    expect(commonHostnames('', [])).toEqual(['*']);
  });
});

describe('the services of a gateway', () => {
  const services = [service('web'), sidecar('web'), service('api'), service('legacy'), service('old')];
  const terminating = {
    Kind: 'terminating-gateway',
    Name: 'out',
    Services: [
      { Name: '*', SNI: 'common' },
      { Name: 'legacy', SNI: 'own', DisableAutoHostRewrite: true },
    ],
  };
  const ingress = {
    Kind: 'ingress-gateway',
    Name: 'in',
    Listeners: [
      { Port: 80, Protocol: 'http', Services: [{ Name: '*' }, { Name: 'web', Hosts: ['w.example'] }] },
      { Port: 90, Services: [{ Name: 'nobody' }] },
    ],
  };
  const view = viewOfEntries([terminating, ingress, http('web'), http('api')], { nodes: [node('n1')], services });
  const rows = (name: string) =>
    view.cell(gatewayServicesCell, name).map((row) => [row.service, row.port, row.fromWildcard]);

  test('behind an ingress gateway are those it names, and plain ones of the protocol where it says all', () => {
    expect(rows('in')).toEqual([
      ['api', 80, true],
      ['nobody', 90, false],
      ['web', 80, false],
    ]);
    expect(view.cell(gatewayServicesCell, 'in').map((row) => row.serviceKind)).toEqual(['service', '', 'service']);
  });

  test('behind a terminating gateway have the settings of their own name before those of all', () => {
    const found = view.cell(gatewayServicesCell, 'out');
    expect(found.map((row) => [row.service, row.sni, row.fromWildcard, row.autoHostRewrite])).toEqual([
      ['api', 'common', true, true],
      ['legacy', 'own', false, false],
      ['old', 'common', true, true],
    ]);
  });

  test('of a name without an entry are none', () => {
    expect(rows('none')).toEqual([]);
  });
});
