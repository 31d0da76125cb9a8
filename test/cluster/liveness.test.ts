import { describe, expect, test } from 'vitest';
import { createLiveness } from '../../src/cluster/index.js';
import type { LiveChange } from '../../src/state/index.js';
import { SharedLiveArea } from './support/shared-live-area.js';

describe('liveness', () => {
  test('shows what is there below a prefix, and then every change of it, without the prefix', async () => {
    const area = new SharedLiveArea();
    const [one, two] = [createLiveness(area.server('one')), createLiveness(area.server('two'))];
    await one.put('agents/web/one', 'here');
    await one.put('servers/one', 'x');
    const seen: LiveChange[] = [];
    const subscription = two.watch$('agents/').subscribe((change) => seen.push(change));
    expect(seen).toMatchObject([{ type: 'all', entries: [{ key: 'web/one', value: 'here' }] }]);
    await two.put('agents/db/two', 'there');
    await two.put('servers/two', 'y');
    await one.remove('agents/web/one');
    area.expire('two');
    expect(seen.slice(1)).toMatchObject([
      { type: 'put', entry: { key: 'db/two', value: 'there' } },
      { type: 'gone', key: 'web/one' },
      { type: 'gone', key: 'db/two' },
    ]);
    subscription.unsubscribe();
    await two.put('agents/late/two', 'z');
    expect(seen).toHaveLength(4);
  });
});
