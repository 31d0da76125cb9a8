import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { NEWEST_ENVOY, OLDEST_ENVOY, envoyBinary } from '../../support/envoy-rig/index.js';
import { sharedParts } from '../../recordings/xds/scenarios.mjs';
import { ScenarioMesh, type Told } from './support/scenario-mesh.js';

const golden = fileURLToPath(new URL('../../golden/xds/', import.meta.url));
const run = promisify(execFile);

type Json = Record<string, unknown>;

/** Everything a proxy is told as static resources of a bootstrap; routes take the place of the references to them. */
function bootstrapOf({ resources }: Told): Json {
  const inlined = JSON.parse(JSON.stringify(resources.listeners), (_key, value: unknown) => {
    const { rds, ...rest } = (value ?? {}) as Json;
    const name = (rds as Json | undefined)?.['route_config_name'];
    return typeof name === 'string' ? { ...rest, route_config: withoutType(resources.routes[name]) } : value;
  }) as Json;
  const grpc = { envoy_grpc: { cluster_name: 'control_plane' } };
  const controlPlane = {
    name: 'control_plane',
    type: 'STATIC',
    connect_timeout: '1s',
    load_assignment: { cluster_name: 'control_plane' },
  };
  return {
    node: { id: 'x', cluster: 'x' },
    // As in every bootstrap for a mesh: older Envoys refuse larger regular expressions than this by default.
    layered_runtime: { layers: [{ name: 'base', static_layer: { 're2.max_program_size.error_level': 1_048_576 } }] },
    dynamic_resources: { ads_config: { api_type: 'DELTA_GRPC', transport_api_version: 'V3', grpc_services: [grpc] } },
    static_resources: {
      clusters: [controlPlane, ...Object.values(resources.clusters)].map(withoutType).map(withoutEarlySecrets),
      listeners: Object.values(inlined).map(withoutType),
      secrets: [],
    },
  };
}

const withoutType = (resource: unknown): Json => {
  const { '@type': _type, ...rest } = resource as Json;
  return rest;
};

/** A static cluster of a bootstrap is made before there is a stream to fetch secrets over; over CDS there is. */
const withoutEarlySecrets = ({ transport_socket: socket, ...cluster }: Json): Json =>
  cluster['type'] === 'EDS' ? { ...cluster, transport_socket: socket } : cluster;

describe.each([NEWEST_ENVOY, OLDEST_ENVOY])('Envoy %s takes what proxies are told', (version) => {
  let envoy: string;
  let folder: string;
  beforeAll(async () => {
    envoy = await envoyBinary(version);
    folder = mkdtempSync(join(tmpdir(), 'accepted-'));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  test.each(readdirSync(golden))('%s', async (name) => {
    const { steps, proxies } = JSON.parse(readFileSync(join(golden, name, 'state.json'), 'utf8')) as {
      steps: Json[];
      proxies: string[];
    };
    const mesh = await ScenarioMesh.start(sharedParts.agent as Json);
    for (const step of steps) await mesh.step(step);
    const file = join(folder, `${name}.json`);
    writeFileSync(file, JSON.stringify(bootstrapOf(mesh.tell(proxies[0] ?? ''))));
    await mesh.stop();
    const { stdout, stderr } = await run(envoy, ['--mode', 'validate', '-c', file, '-l', 'warning']);
    expect(stdout).toContain('OK');
    // A deprecated field is a warning today and a refusal some versions on.
    expect(stderr).not.toMatch(/deprecated/i);
  });
});
