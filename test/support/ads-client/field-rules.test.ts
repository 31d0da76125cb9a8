import { describe, expect, it } from 'vitest';
import { packed } from '../ads-server/packed.js';
import { brokenRule } from './field-rules.js';
import { openAny } from './message-types.js';

function broken(type: string, fields: object) {
  const opened = openAny(packed(type, fields));
  if (!opened) throw new Error('cannot be decoded');
  return brokenRule(opened.type, opened.message);
}

describe('field rules of the API', () => {
  it.each([
    ['a required text', 'envoy.config.cluster.v3.Cluster', {}, 'Cluster.name: value length breaks min_len 1'],
    [
      'a bound on a duration',
      'envoy.config.cluster.v3.Cluster',
      { name: 'c', connect_timeout: {} },
      'Cluster.connect_timeout: value must be gt 0',
    ],
    [
      'a bound on a wrapped number',
      'envoy.config.endpoint.v3.LbEndpoint',
      { load_balancing_weight: { value: 0 } },
      'LbEndpoint.load_balancing_weight: value must be gte 1',
    ],
    ['a required member of a oneof', 'envoy.config.core.v3.Address', {}, 'Address.address: value is required'],
    ['a required message', 'envoy.config.core.v3.HeaderValueOption', {}, 'HeaderValueOption.header: value is required'],
    [
      'a list that must not be empty',
      'envoy.config.rbac.v3.Policy',
      {},
      'Policy.permissions: value must contain at least 1 item(s)',
    ],
    [
      'a defined enum value',
      'envoy.config.cluster.v3.Cluster',
      { name: 'c', lb_policy: 77 },
      'Cluster.lb_policy: value must be one of the defined enum values',
    ],
    [
      'a header value without line ends',
      'envoy.config.core.v3.HeaderValue',
      { key: 'a', value: 'x\ny' },
      'HeaderValue.value: value must be like HTTP_HEADER_VALUE',
    ],
  ])('%s is asked for', (_what, type, fields, want) => {
    expect(broken(type, fields)).toBe(want);
  });

  it('looks into the configurations that filters carry', () => {
    const filter = { name: 'rbac', typed_config: packed('envoy.extensions.filters.network.rbac.v3.RBAC', {}) };
    expect(broken('envoy.config.listener.v3.Listener', { name: 'l', filter_chains: [{ filters: [filter] }] })).toBe(
      'RBAC.stat_prefix: value length breaks min_len 1',
    );
  });

  it('asks of a oneof only for the member that is set', () => {
    const type = 'envoy.type.matcher.v3.StringMatcher';
    expect(broken(type, { exact: 'a' })).toBeUndefined();
    expect(broken(type, {})).toBe('StringMatcher.match_pattern: value is required');
  });

  it('is content with a plain cluster', () => {
    const fields = {
      name: 'c',
      type: 'EDS',
      connect_timeout: { seconds: 5 },
      eds_cluster_config: { eds_config: { ads: {} } },
    };
    expect(broken('envoy.config.cluster.v3.Cluster', fields)).toBeUndefined();
  });
});
