import { describe, expect, test } from 'vitest';
import { linkedGatewaysCell, linkedServices, meshEndpoints } from '../../../src/mesh/gateways/index.js';
import { targetEndpointsCell, targetEndpointsKey } from '../../../src/mesh/proxy/index.js';
import type { ServiceRecord } from '../../../src/model/index.js';
import { node, service, sidecar } from '../proxy/support/records.js';
import { viewOfEntries } from '../support/plain-view.js';

const gateway = (Name: string, ...names: readonly string[]) => ({
  Kind: 'terminating-gateway',
  Name,
  Services: names.map((name) => ({ Name: name })),
});
const gatewayInstance = (name: string, more: Partial<ServiceRecord> = {}): ServiceRecord =>
  service(name, { kind: 'terminating-gateway', id: `${name}-1`, port: 8443, ...more });

describe('the gateways that lead to a service', () => {
  const services = [service('legacy'), service('web'), sidecar('web'), gatewayInstance('out')];
  const destination = {
    Kind: 'service-defaults',
    Name: 'maps',
    Destination: { Addresses: ['maps.example'], Port: 443 },
  };
  const view = viewOfEntries(
    [gateway('out', 'db', 'web'), gateway('second', 'db'), gateway('every', '*'), gateway('none'), destination],
    { nodes: [node('n1')], services },
  );
  const gateways = (name: string) => view.cell(linkedGatewaysCell, name);

  test('are those whose entries name it, by name', () => {
    expect(gateways('db')).toEqual(['out', 'second']);
  });

  test('are those for every service, too, when it is outside the mesh', () => {
    expect(gateways('legacy')).toEqual(['every']);
    expect(gateways('maps')).toEqual(['every']);
  });

  test('for every service do not lead to the mesh, to gateways, to the servers or to what nobody knows', () => {
    expect(['web', 'out', 'consul', 'ghost'].map(gateways)).toEqual([['out'], [], [], []]);
  });

  test('agree with what each of them leads to', () => {
    expect([linkedServices(view, 'out'), linkedServices(view, 'every'), linkedServices(view, 'none')]).toEqual([
      ['db', 'web'],
      ['legacy', 'maps'],
      [],
    ]);
    expect(linkedServices(view, 'ghost')).toEqual([]);
  });
});

describe('the mesh endpoints of a service', () => {
  const view = viewOfEntries([gateway('out', 'web', 'legacy')], {
    nodes: [node('n1'), node('n2', { address: '10.0.0.2' })],
    services: [
      sidecar('web'),
      service('legacy'),
      service('out'),
      gatewayInstance('out', { node: 'n2' }),
      gatewayInstance('out', { id: 'out-2', address: '10.0.0.7' }),
    ],
  });
  const selection = { service: 'web', datacenter: 'dc1', filter: '', onlyPassing: false };
  const addresses = (more: object) =>
    view
      .cell(targetEndpointsCell, targetEndpointsKey({ ...selection, ...more }))
      .map(({ address, port }) => `${address}:${port}`);

  test('are its own, then the gateways that lead to it', () => {
    expect(meshEndpoints(view, 'web').map(({ id }) => id)).toEqual(['web-proxy', 'out-2', 'out-1']);
    expect(addresses({})).toEqual(['10.0.0.1:21000', '10.0.0.7:8443', '10.0.0.2:8443']);
  });

  test('are the gateways alone for addresses outside the mesh', () => {
    expect(addresses({ gateways: 'only' })).toEqual(['10.0.0.7:8443', '10.0.0.2:8443']);
    expect(addresses({ service: 'legacy' })).toEqual(['10.0.0.7:8443', '10.0.0.2:8443']);
  });

  test('of a subset are those it selects and every gateway, which does the selecting itself', () => {
    expect(addresses({ filter: 'Service.Meta.version == "2"' })).toEqual(['10.0.0.7:8443', '10.0.0.2:8443']);
  });
});
