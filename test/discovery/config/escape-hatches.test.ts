import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { writeConfigEntry } from '../../../src/discovery/config/index.js';
import { systemClock } from '../../../src/core/index.js';
import { decodeConfigEntry } from '../../../src/model/index.js';
import { type StateStore, createMemoryBackend, createStateStore } from '../../../src/state/index.js';

describe('an entry with messages for Envoy that are none', () => {
  let store: StateStore;
  beforeEach(async () => {
    store = createStateStore({ backend: createMemoryBackend(), clock: systemClock });
    await store.ready;
  });
  afterEach(() => store.close());

  test('is refused with every path, and nothing is stored', async () => {
    const entry = decodeConfigEntry({
      Kind: 'proxy-defaults',
      Name: 'global',
      Config: { envoy_local_cluster_json: '{', envoy_stats_config_json: '{"x":1}' },
    });
    await expect(writeConfigEntry(store, entry)).rejects.toThrow(
      /2 errors occurred:\n\t\* Config\.envoy_local_cluster_json [^\n]*\n+\t\* Config\.envoy_stats_config_json/,
    );
    expect(store.view.range('config-entries', 'byKind', ['proxy-defaults'])).toEqual([]);
  });
});
