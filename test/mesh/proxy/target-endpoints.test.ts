import { describe, expect, test } from 'vitest';
import { type TargetSelection, targetEndpointsCell, targetEndpointsKey } from '../../../src/mesh/proxy/index.js';
import type { CheckRecord, NodeRecord, ServiceRecord } from '../../../src/model/index.js';
import { plainView } from '../support/plain-view.js';
import { check, node, proxySettings, service, sidecar } from './support/records.js';

interface Given {
  readonly nodes?: readonly NodeRecord[];
  readonly services: readonly ServiceRecord[];
  readonly checks?: readonly CheckRecord[];
}

const endpointsOf = (
  { nodes = [node('n1')], services, checks = [] }: Given,
  selection: Partial<TargetSelection> = {},
) =>
  targetEndpointsCell.compute(
    plainView({ nodes, services, checks }),
    targetEndpointsKey({ service: 'api', datacenter: 'dc1', filter: '', onlyPassing: false, ...selection }),
  );

describe('the endpoints of a service', () => {
  test('are its sidecars, and instances that speak mesh themselves; not other services', () => {
    const services = [
      sidecar('api', { address: '10.0.0.5' }),
      service('api', { id: 'native', port: 7000, connect: { native: true } }),
      service('api', { id: 'plain', port: 7001 }),
      sidecar('web'),
    ];
    expect(endpointsOf({ services }).map(({ address, port }) => `${address}:${port}`)).toEqual([
      '10.0.0.5:21000',
      '10.0.0.1:7000',
    ]);
  });

  test('for callers without a sidecar are the instances themselves', () => {
    const services = [sidecar('api'), service('api', { id: 'plain', port: 7001 })];
    expect(endpointsOf({ services }, { plain: true }).map(({ port }) => port)).toEqual([7001]);
  });

  test('come in the order of node and id, whatever order they were registered in', () => {
    const nodes = [node('b', { address: '10.0.0.2' }), node('a', { address: '10.0.0.1' })];
    const services = [
      sidecar('api', { node: 'b', id: 'x' }),
      sidecar('api', { node: 'a', id: 'z' }),
      sidecar('api', { node: 'a', id: 'y', port: 21_001 }),
    ];
    expect(endpointsOf({ nodes, services }).map(({ address, port }) => `${address}:${port}`)).toEqual([
      '10.0.0.1:21001',
      '10.0.0.1:21000',
      '10.0.0.2:21000',
    ]);
  });

  test('are those of the datacenter asked for', () => {
    const nodes = [node('n1'), node('n2', { datacenter: 'dc2' })];
    const services = [sidecar('api'), sidecar('api', { node: 'n2' })];
    expect(endpointsOf({ nodes, services })).toHaveLength(1);
    expect(endpointsOf({ nodes, services }, { datacenter: 'dc3' })).toEqual([]);
  });

  test('whose node is gone are none', () => {
    expect(endpointsOf({ nodes: [], services: [sidecar('api')] })).toEqual([]);
  });
});

describe('health and weight', () => {
  const weights = { passing: 10, warning: 2 };
  const services = [sidecar('api', { weights })];
  const only = (checks: readonly CheckRecord[], selection: Partial<TargetSelection> = {}) => {
    const [endpoint] = endpointsOf({ services, checks }, selection);
    return endpoint && { healthy: endpoint.healthy, weight: endpoint.weight };
  };

  test('no checks: healthy with the passing weight', () => {
    expect(only([])).toEqual({ healthy: true, weight: 10 });
  });

  test('a warning: healthy with the warning weight, unless only passing instances count', () => {
    const checks = [check('warning', 'api-proxy'), check('passing', 'api-proxy')];
    expect(only(checks)).toEqual({ healthy: true, weight: 2 });
    expect(only(checks, { onlyPassing: true })).toEqual({ healthy: false, weight: 2 });
  });

  test('a critical check, of the instance or of its node: unhealthy', () => {
    expect(only([check('critical', 'api-proxy'), check('warning', 'api-proxy')])).toEqual({
      healthy: false,
      weight: 10,
    });
    expect(only([check('critical', '')])).toEqual({ healthy: false, weight: 10 });
  });

  test('checks of other instances do not count', () => {
    expect(only([check('critical', 'web-proxy'), check('critical', 'api-proxy', { node: 'n2' })])).toEqual({
      healthy: true,
      weight: 10,
    });
  });

  test('a weight of zero is unhealthy with weight 1, one above 128 is 128', () => {
    const weighted = (passing: number) =>
      endpointsOf({ services: [sidecar('api', { weights: { passing, warning: 1 } })] }).map(({ healthy, weight }) => ({
        healthy,
        weight,
      }));
    expect(weighted(0)).toEqual([{ healthy: false, weight: 1 }]);
    expect(weighted(500)).toEqual([{ healthy: true, weight: 128 }]);
  });
});

describe('subsets', () => {
  const nodes = [node('n1'), node('n2', { address: '10.0.0.2', meta: { rack: 'a' } })];
  const services = [
    sidecar('api', { meta: { version: '1' }, tags: ['eu'] }),
    sidecar('api', {
      node: 'n2',
      meta: { version: '2' },
      proxy: proxySettings({ destinationServiceName: 'api', localServicePort: 99 }),
    }),
  ];
  test.each([
    ['Service.Meta.version == 2', ['10.0.0.2']],
    ['"eu" in Service.Tags', ['10.0.0.1']],
    ['Node.Meta.rack == a', ['10.0.0.2']],
    ['Node.Node == "n1" or Service.Proxy.LocalServicePort == 99', ['10.0.0.1', '10.0.0.2']],
    ['Service.Meta.version == 3', []],
    ['Checks is empty', ['10.0.0.1', '10.0.0.2']],
  ])('%s', (filter, addresses) => {
    expect(endpointsOf({ nodes, services }, { filter }).map(({ address }) => address)).toEqual(addresses);
  });
});
