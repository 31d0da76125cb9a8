import { expect, test } from 'vitest';
import { resourceCell } from '../../../src/xds/resources/resource-cell.js';
import { needed } from '../../../src/xds/resources/resource-cell.js';
import { viewOfEntries } from '../../mesh/support/plain-view.js';

/** Who may call `api`: with the default policy `allow`, an intention that allows is no rule. */
const { cell } = needed('rbac', { name: 'envoy.filters.network.rbac', service: 'api', layer: 'network' });
const made = (...entries: readonly Record<string, unknown>[]) => resourceCell.compute(viewOfEntries(entries), cell);
const allow = (source: string) => ({
  Kind: 'service-intentions',
  Name: 'api',
  Sources: [{ Name: source, Action: 'allow' }],
});

test('a resource with the same content from other entries is another one', () => {
  const [none, one, other] = [made(), made(allow('web')), made(allow('db'))];
  expect(one?.version).toBe(none?.version);
  expect(one?.entries).toEqual(['service-intentions/api']);
  expect(resourceCell.equals?.(none, one)).toBe(false);
  expect(resourceCell.equals?.(one, other)).toBe(true);
});
