import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { envoyBinary, TESTED_ENVOYS } from '../../support/envoy-rig/index.js';
import { Rig } from '../../support/envoy-rig/rig.js';
import { notRun } from '../../support/not-run.js';
import { headerAddingPlugin } from '../../support/wasm-module.js';
import { sharedParts } from '../../recordings/xds/scenarios.mjs';
import { LiveEnvoy } from './support/live-envoy.js';
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

interface GoldenCase {
  readonly steps: readonly Json[];
  readonly proxies: readonly string[];
}

const cases = readdirSync(golden);

/** The mesh of a golden case. */
async function meshOf({ steps }: Pick<GoldenCase, 'steps'>): Promise<ScenarioMesh> {
  const mesh = await ScenarioMesh.start(sharedParts.agent as Json);
  for (const step of steps) await mesh.step(step);
  return mesh;
}

/** Envoy reads the plugins that a case names when it takes their filters. */
const plugins = mkdtempSync(join(tmpdir(), 'plugins-'));
writeFileSync(join(plugins, 'plug.wasm'), headerAddingPlugin('x-wasm', 'seen'));
afterAll(() => rmSync(plugins, { recursive: true, force: true }));

const caseOf = (name: string): GoldenCase =>
  JSON.parse(readFileSync(join(golden, name, 'state.json'), 'utf8').replaceAll('/plugins', plugins)) as GoldenCase;

describe.each(TESTED_ENVOYS)('Envoy %s takes what proxies are told', (version) => {
  describe('in a bootstrap', () => {
    let envoy: string;
    let folder: string;
    beforeAll(async () => {
      envoy = await envoyBinary(version);
      folder = mkdtempSync(join(tmpdir(), 'accepted-'));
    });
    afterAll(() => rmSync(folder, { recursive: true, force: true }));

    test.for(cases)('%s', async (name, context) => {
      const { steps, proxies } = caseOf(name);
      const mesh = await meshOf({ steps });
      const file = join(folder, `${name}.json`);
      writeFileSync(file, JSON.stringify(bootstrapOf(mesh.tell(proxies[0] ?? ''))));
      await mesh.stop();
      const { stdout, stderr } = await run(envoy, ['--mode', 'validate', '-c', file, '-l', 'warning']).catch(
        (failed: { stdout: string; stderr: string }) => failed,
      );
      if (NO_WASM.test(stderr)) notRun(context, `this Envoy ${version} was built without Wasm`);
      expect(stdout, stderr).toContain('OK');
      expect(deprecated(stderr)).toEqual([]);
    });
  });

  describe('over its stream, one after the other', () => {
    const rig = new Rig();
    const live = new Map<string, LiveEnvoy>();
    let mesh: ScenarioMesh | undefined;
    afterAll(async () => {
      for (const one of live.values()) await one.close();
      await mesh?.stop();
      await rig.close();
    });

    test.for(cases)('%s', async (name, context) => {
      const { steps, proxies } = caseOf(name);
      const before = mesh;
      mesh = await meshOf({ steps: steps.map(onLoopback) });
      const proxy = proxies[0] ?? '';
      const envoy = live.get(proxy) ?? (await LiveEnvoy.start(rig, version, proxy));
      live.set(proxy, envoy);
      await envoy.follow(mesh);
      await before?.stop();
      const problems = await envoy.problems().catch(async (thrown: unknown) => {
        live.delete(proxy);
        await envoy.close();
        if (name === 'extension-wasm' && DIED.test(String(thrown)) && HAS_PROTECTION_KEYS)
          notRun(
            context,
            `this Envoy ${version} dies of its first Wasm filter while it runs, on a processor with protection keys`,
          );
        throw thrown;
      });
      if (name === 'extension-wasm' && NO_WASM.test(envoy.envoy.process.log)) {
        // What it claims after a response that it took in part is not what it has (envoy-facts 5).
        live.delete(proxy);
        await envoy.close();
        notRun(context, `this Envoy ${version} was built without Wasm`);
      }
      expect(problems).toEqual([]);
      await envoy.envoy.ready();
      expect(deprecated(envoy.envoy.process.log)).toEqual([]);
    });
  });
});

/**
 * Threads that were there before V8 was first used may not read its memory where that is protected by keys: workers of an Envoy that runs.
 * https://issues.chromium.org/issues/360909072
 */
const HAS_PROTECTION_KEYS = existsSync('/proc/cpuinfo') && /\bospke\b/.test(readFileSync('/proc/cpuinfo', 'utf8'));
const DIED = /has ended \(SIGSEGV\)/;

const NO_WASM = /Envoy was compiled without support for it/;

/** What took their place is not known to the oldest Envoys that are served. */
const KEPT = [
  'envoy.extensions.access_loggers.open_telemetry.v3.OpenTelemetryAccessLogConfig.common_config',
  'envoy.extensions.wasm.v3.PluginConfig.capability_restriction_config',
  // `sourced_metadata` takes their place, which older Envoys do not know.
  'envoy.config.rbac.v3.Permission.metadata',
  'envoy.config.rbac.v3.Principal.metadata',
];

/** Warnings of deprecated fields: a warning today is a refusal some versions on. */
const deprecated = (log: string): string[] =>
  log.split('\n').filter((line) => /deprecated/i.test(line) && !KEPT.some((field) => line.includes(`'${field}'`)));

/** Addresses of the documents' examples become addresses that an Envoy can listen on here. */
const onLoopback = (step: Json): Json =>
  JSON.parse(
    JSON.stringify(step)
      .replace(/"10\.(\d+\.\d+\.\d+)"/g, '"127.$1"')
      .replace(/"LocalBindPort":/g, '"LocalBindAddress":"127.1.0.9","LocalBindPort":'),
  ) as Json;
