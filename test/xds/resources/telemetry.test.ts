import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { ScenarioMesh } from './support/scenario-mesh.js';

describe('a sidecar whose metrics go to the telemetry collector', () => {
  let mesh: ScenarioMesh;
  beforeEach(async () => {
    mesh = await ScenarioMesh.start();
  });
  afterEach(() => mesh.stop());

  const NAME = 'consul-telemetry-collector:/tmp/consul/telemetry-collector/gqmuzdHCUPAEY5mbF8vgkZCNI14.sock';

  test('listens for its own Envoy on the socket that the bootstrap names', async () => {
    await mesh.step({
      config: {
        Kind: 'proxy-defaults',
        Name: 'global',
        Config: { envoy_telemetry_collector_bind_socket_dir: '/tmp/consul/telemetry-collector' },
      },
    });
    await mesh.step({
      config: { Kind: 'service-defaults', Name: 'consul-telemetry-collector', Protocol: 'grpc' },
    });
    await mesh.step({ service: { Name: 'web', Port: 80, Connect: { SidecarService: {} } } });
    const { resources, problems } = mesh.tell('web-sidecar-proxy');
    expect(problems).toEqual([]);
    expect(resources.listeners[NAME]).toMatchObject({
      address: { pipe: { path: NAME.slice('consul-telemetry-collector:'.length) } },
      filter_chains: [{ filters: [{ name: 'envoy.filters.network.http_connection_manager' }] }],
    });
    expect(Object.keys(resources.clusters)).toContainEqual(
      expect.stringMatching(/^consul-telemetry-collector\.default\.dc1\.internal\./),
    );
  });

  test('has no such listener otherwise', async () => {
    await mesh.step({ service: { Name: 'web', Port: 80, Connect: { SidecarService: {} } } });
    expect(Object.keys(mesh.tell('web-sidecar-proxy').resources.listeners)).toHaveLength(1);
  });
});
