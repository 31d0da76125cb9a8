import { describe, expect, test } from 'vitest';
import { type TargetSelection, targetEndpointsKey } from '../../../src/mesh/proxy/index.js';
import { directInstancesCell, virtualAddressesCell } from '../../../src/mesh/transparent-proxy/index.js';
import type { ServiceRecord } from '../../../src/model/index.js';
import { node, proxySettings, sidecar } from '../proxy/support/records.js';
import { viewOfEntries } from '../support/plain-view.js';

const tagged = (id: string, address: string): ServiceRecord =>
  sidecar('orders', { id, taggedAddresses: { virtual: { address, port: 80 }, lan: { address: '10.9.9.9', port: 1 } } });

const assigned = { service: 'orders', ip: '240.0.0.1', manualIps: ['192.0.2.7'], createIndex: 1, modifyIndex: 1 };

describe('the virtual addresses of a service', () => {
  test('are the automatic one, those given by hand, and those its instances are tagged with', () => {
    const view = viewOfEntries([], {
      'virtual-ips': [assigned],
      services: [tagged('b', '172.20.0.9'), tagged('a', '172.20.0.8'), tagged('c', '172.20.0.9')],
    });
    expect(view.cell(virtualAddressesCell, 'orders')).toEqual({
      assigned: ['240.0.0.1', '192.0.2.7'],
      tagged: ['172.20.0.8', '172.20.0.9'],
    });
  });

  test('are each named once, in one spelling, and are addresses', () => {
    const view = viewOfEntries([], {
      'virtual-ips': [assigned],
      services: [
        tagged('a', '192.0.2.7'),
        tagged('b', 'fd00:0:0::1'),
        tagged('c', 'FD00::1'),
        tagged('d', 'orders.svc'),
      ],
    });
    expect(view.cell(virtualAddressesCell, 'orders').tagged).toEqual(['fd00::1']);
  });

  test('are none of a service that nobody knows', () => {
    expect(viewOfEntries([]).cell(virtualAddressesCell, 'orders')).toEqual({ assigned: [], tagged: [] });
  });
});

describe('the instances that may be dialled directly', () => {
  const selection: TargetSelection = { service: 'orders', datacenter: 'dc1', filter: '', onlyPassing: false };
  const direct = { outboundListenerPort: 0, dialedDirectly: true };
  const instances = [
    sidecar('orders', {
      id: 'a',
      address: '10.0.1.1',
      modifyIndex: 7,
      proxy: proxySettings({ destinationServiceName: 'orders', transparentProxy: direct }),
    }),
    sidecar('orders', { id: 'b', address: '10.0.1.2', modifyIndex: 8 }),
    sidecar('orders', { id: 'c', address: 'orders.example', modifyIndex: 9 }),
    sidecar('orders', { id: 'd', modifyIndex: 10 }),
  ];
  const directOnes = (entries: readonly Record<string, unknown>[]) =>
    viewOfEntries(entries, { nodes: [node('n1')], services: instances })
      .cell(directInstancesCell, targetEndpointsKey(selection))
      .map(({ address, modifyIndex }) => `${address} ${modifyIndex}`);

  test('are those that are registered so', () => {
    expect(directOnes([])).toEqual(['10.0.1.1 7']);
  });

  test.each([
    [{ Kind: 'service-defaults', Name: 'orders', TransparentProxy: { DialedDirectly: true } }],
    [{ Kind: 'proxy-defaults', Name: 'global', TransparentProxy: { DialedDirectly: true } }],
  ])('are all that have an IP address when central configuration says so: %j', (entry) => {
    expect(directOnes([entry])).toEqual(['10.0.1.1 7', '10.0.1.2 8', '10.0.0.1 10']);
  });
});
