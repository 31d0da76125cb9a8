import { beforeAll, describe, expect, test } from 'vitest';
import type { ProxySettings } from '../../../src/model/index.js';
import { checkEncoding } from '../../../src/xds/envoy-api/index.js';
import { publicListener, publicListenerProblems } from '../../../src/xds/resources/inbound/public-listener.js';
import { type Decoded, PROXY, type SidecarOptions, built, sidecarOf, sidecarView } from './support/sidecar.js';

beforeAll(() => checkEncoding(true));

const permissive = { Kind: 'service-defaults', Name: 'front', MutualTLSMode: 'permissive' };
const listenerOf = (options: SidecarOptions): Decoded => built(publicListener, sidecarView(options), PROXY).message;
const problemsOf = (options: SidecarOptions): string => publicListenerProblems(sidecarOf(sidecarView(options))).join();
const transparent = (more: Partial<ProxySettings> = {}): SidecarOptions => ({
  settings: { mode: 'transparent', ...more },
  entries: [permissive],
});

describe('a permissive transparent sidecar', () => {
  test.each(['tcp', 'http'])('passes on what was going to the port of its %s application, as it came', (protocol) => {
    const listener = listenerOf({ ...transparent(), config: { protocol } });
    expect(listener.listener_filters.map(({ name }: { name: string }) => name)).toEqual([
      'envoy.filters.listener.original_dst',
    ]);
    const [strict, plain] = listener.filter_chains;
    expect(strict.filter_chain_match ?? {}).toEqual({});
    expect(plain.filter_chain_match).toEqual({ destination_port: { value: 8080 } });
    expect(plain.transport_socket).toBeUndefined();
    expect(plain.filters).toMatchObject([
      {
        name: 'envoy.filters.network.tcp_proxy',
        typed_config: { stat_prefix: 'permissive_public_listener', cluster: 'local_app' },
      },
    ]);
  });

  test('goes on to demand certificates and intentions of everything else', () => {
    const [strict] = listenerOf(transparent()).filter_chains;
    expect(strict.transport_socket.typed_config.require_client_certificate).toEqual({ value: true });
    expect(strict.filters[0].name).toBe('envoy.filters.network.rbac');
  });

  test('that may be dialled directly tells TLS to its application’s port from plain traffic', () => {
    const direct = { outboundListenerPort: 0, dialedDirectly: true };
    const listener = listenerOf(transparent({ transparentProxy: direct }));
    expect(listener.listener_filters.map(({ name }: { name: string }) => name)).toEqual([
      'envoy.filters.listener.original_dst',
      'envoy.filters.listener.tls_inspector',
    ]);
    const [strict, strictAtPort, plain] = listener.filter_chains;
    expect(plain.filter_chain_match).toEqual({
      destination_port: { value: 8080 },
      transport_protocol: 'raw_buffer',
    });
    // Envoy looks at no chain for all ports once there is one for this port.
    expect(strictAtPort).toEqual({ ...strict, filter_chain_match: { destination_port: { value: 8080 } } });
    expect(listener).toMatchObject({
      listener_filters_timeout: { seconds: '1' },
      continue_on_listener_filters_timeout: true,
    });
  });

  test('has no complaints', () => {
    expect(problemsOf(transparent())).toBe('');
  });
});

describe('nobody is let in without a certificate, and the operator is told why,', () => {
  const own = JSON.stringify({
    '@type': 'type.googleapis.com/envoy.config.listener.v3.Listener',
    name: 'mine',
    address: { socket_address: { address: '0.0.0.0', port_value: 1234 } },
    filter_chains: [{ filters: [] }],
  });

  test.each<[string, SidecarOptions, string]>([
    ['when the proxy is not transparent', { entries: [permissive] }, 'not in transparent mode'],
    ['when the application has no port', transparent({ localServicePort: 0 }), 'local_service_port'],
    [
      'when the listener is the user’s own',
      { ...transparent(), config: { envoy_public_listener_json: own } },
      'envoy_public_listener_json',
    ],
  ])('%s', (_when, options, reason) => {
    const listener = listenerOf(options);
    expect(listener.filter_chains).toHaveLength(1);
    expect(listener.filter_chains[0].transport_socket.name).toBe('tls');
    expect(listener.listener_filters ?? []).toEqual([]);
    expect(problemsOf(options)).toContain(reason);
  });
});
