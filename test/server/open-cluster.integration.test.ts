import { describe, expect, it } from 'vitest';
import { loadAgentConfig } from '../../src/agent/config/index.js';
import { systemClock } from '../../src/core/index.js';
import { openCluster } from '../../src/server/open-cluster.js';
import { createLogging } from '../../src/telemetry/index.js';

const KEY = Buffer.alloc(32, 7).toString('base64');
const { logger } = createLogging({ level: 'error', json: false, targets: [] });
const open = (...flags: readonly string[]) => {
  const argv = ['-server', '-data-dir', '/tmp/unused', '-bind', '127.0.0.1', ...flags];
  return openCluster(loadAgentConfig(argv, 'host').config, { nodeId: 'id', clock: systemClock, logger });
};

describe('the cluster door of a server', () => {
  it('is not there when the server is alone: no key, nobody to join', async () => {
    expect(await open()).toBeUndefined();
    expect(await open('-bootstrap-expect', '1')).toBeUndefined();
  });

  it.each([
    ['-retry-join', '10.0.0.1'],
    ['-join', '10.0.0.1'],
    ['-bootstrap-expect', '3'],
  ])('is needed for %s: without a cluster key the server says how to make one', async (...flags) => {
    await expect(open(...flags)).rejects.toThrow('make one with "meshwright keygen", and give the same to all servers');
  });

  it('has one port at least, and says which it got', async () => {
    const key = ['-encrypt', KEY];
    await expect(open(...key, '-server-port', '-1', '-serf-lan-port', '-1')).rejects.toThrow(
      'ports.server and ports.serf_lan are both closed',
    );
    const cluster = await open(...key, '-server-port', '0', '-serf-lan-port', '0');
    try {
      expect(cluster?.ports.server).toBeGreaterThan(0);
      expect(cluster?.ports.serfLan).not.toBe(cluster?.ports.server);
      expect(cluster?.peers.self().address).toBe(`127.0.0.1:${cluster?.ports.server ?? 0}`);
      const taken = ['-server-port', String(cluster?.ports.server), '-serf-lan-port', '-1'];
      await expect(open(...key, ...taken)).rejects.toThrow(/in use by another process; .*-server-port/);
    } finally {
      await cluster?.close();
    }
  });
});
