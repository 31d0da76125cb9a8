import { beforeAll, describe, expect, test } from 'vitest';
import { checkEncoding } from '../../../src/xds/envoy-api/index.js';
import { localApp, localAppInput } from '../../../src/xds/resources/inbound/local-app.js';
import { type SidecarOptions, built, sidecarOf, sidecarView } from './support/sidecar.js';

beforeAll(() => checkEncoding(true));

const clusterOf = (options: SidecarOptions) => {
  const view = sidecarView(options);
  return built(localApp, view, localAppInput(sidecarOf(view))).message;
};

describe('the cluster of the application', () => {
  test.each([
    [{ localServiceAddress: '10.0.0.1' }, 'STATIC'],
    [{ localServiceAddress: '::1' }, 'STATIC'],
    [{ localServiceAddress: '' }, 'STATIC'],
    [{ localServiceSocketPath: '/run/app.sock' }, 'STATIC'],
    [{ localServiceAddress: 'localhost' }, 'STRICT_DNS'],
    [{ localServiceAddress: 'app.local' }, 'STRICT_DNS'],
  ])('at %j is looked up only when it has a name', (settings, type) => {
    expect(clusterOf({ settings }).type).toBe(type);
  });

  test('takes numbers that can be carried out, and no others', () => {
    expect(clusterOf({ config: { local_connect_timeout_ms: '250', max_inbound_connections: 3 } })).toMatchObject({
      connect_timeout: { nanos: 250_000_000 },
      circuit_breakers: { thresholds: [{ max_connections: { value: 3 } }] },
    });
    const odd = clusterOf({ config: { local_connect_timeout_ms: -5, max_inbound_connections: 2 ** 33 } });
    expect(odd.connect_timeout).toMatchObject({ seconds: '5' });
    expect(odd.circuit_breakers ?? null).toBeNull();
  });
});
