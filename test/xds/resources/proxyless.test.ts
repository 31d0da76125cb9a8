import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { checkEncoding } from '../../../src/xds/envoy-api/index.js';
import type { ResourceType } from '../../../src/xds/resources/index.js';
import { proxylessResourceKey, resourceCell } from '../../../src/xds/resources/index.js';
import { readXdsScenario, stagesOf } from '../../recordings/xds/scenarios.mjs';
import { brokenRule } from '../../support/ads-client/field-rules.js';
import { openAny } from '../../support/ads-client/message-types.js';
import { anyToJson } from '../../support/ads-client/protojson.js';
import { referencesOf } from '../../support/ads-client/references.js';
import { ScenarioMesh, decodeAny } from './support/scenario-mesh.js';

beforeAll(() => checkEncoding(true));
afterAll(() => checkEncoding(false));

interface Followed {
  readonly names: string[];
  readonly problems: string[];
  readonly json: Record<string, unknown>;
}

/** Everything that a client asks for one after the other, beginning with the listener of a service. */
function follow(mesh: ScenarioMesh, service: string, proxy: string): Followed {
  const { identity } = mesh.needs(proxy);
  const followed: Followed = { names: [], problems: [], json: {} };
  const queue: [ResourceType, string][] = [['listener', service]];
  for (const [type, name] of queue) {
    const line = `${type} ${name}`;
    if (followed.names.includes(line)) continue;
    followed.names.push(line);
    const key = proxylessResourceKey(mesh.store.view, identity, type, name);
    const resource = key === undefined ? undefined : mesh.store.read(resourceCell, key).value;
    const any = resource && decodeAny(resource.bytes);
    const opened = any && openAny(any);
    if (!resource || !any || !opened) {
      followed.problems.push(`${line} is missing`);
      continue;
    }
    const broken = brokenRule(opened.type, opened.message);
    if (broken !== undefined) followed.problems.push(`${line}: ${broken}`);
    if (resource.name !== name) followed.problems.push(`${line} is called ${resource.name}`);
    followed.json[line] = anyToJson(any);
    const { routes, clusters, endpoints } = referencesOf(any);
    queue.push(...routes.map((one) => ['route', one] as [ResourceType, string]));
    queue.push(...clusters.map((one) => ['cluster', one] as [ResourceType, string]));
    for (const member of resource.references.filter((one) => one.type === 'cluster'))
      queue.push(['cluster', member.name]);
    if (endpoints !== undefined) queue.push(['endpoint', endpoints || name]);
  }
  return followed;
}

async function meshOf(name: string): Promise<ScenarioMesh> {
  const mesh = await ScenarioMesh.start({ default_intention_policy: 'allow' });
  for (const step of stagesOf(readXdsScenario(name)).flat()) await mesh.step(step);
  return mesh;
}

describe('what a gRPC client without a proxy asks for', () => {
  test.each([
    'router-to-splitter',
    'splitter-with-redirect',
    'failover-targets',
    'override-changes-the-chain',
    'resolver-grpc',
  ])('is all there, by names that are not those of sidecars: %s', async (name) => {
    const mesh = await meshOf(name);
    const { names, problems } = follow(mesh, 'orders', 'front-proxy');
    expect(problems).toEqual([]);
    expect(names.filter((line) => line.startsWith('endpoint ')).length).toBeGreaterThan(0);
    const own = mesh.needs('front-proxy').resources;
    for (const line of names) {
      const [type = '', wanted = ''] = line.split(' ');
      expect(own.get(type as ResourceType)?.has(wanted), line).toBe(false);
    }
    await mesh.stop();
  });

  test('leads to the instances themselves, without encryption', async () => {
    const mesh = await meshOf('resolver-grpc');
    await mesh.step({
      catalog: { Node: 'node-a', Address: '10.10.1.1', Service: { ID: 'orders-9', Service: 'orders', Port: 9000 } },
    });
    const { json } = follow(mesh, 'orders', 'front-proxy');
    const text = JSON.stringify(json);
    expect(text).toContain('{"address":"10.10.1.1","port_value":9000}');
    expect(text).not.toContain('21010');
    expect(text).not.toContain('transport_socket');
    await mesh.stop();
  });

  test('routes say nothing to filters that such a client does not have, and copy nothing', async () => {
    const mesh = await meshOf('resolver-grpc');
    const told = { Fault: { Abort: { HTTPStatus: 503 } }, Cors: { AllowOrigins: [{ Exact: '*' }] } };
    await mesh.step({
      config: {
        Kind: 'service-router',
        Name: 'orders',
        Routes: [{ Destination: { ...told, RequestMirrors: [{ Service: 'orders' }] } }],
      },
    });
    const { json, problems } = follow(mesh, 'orders', 'front-proxy');
    expect(problems).toEqual([]);
    expect(JSON.stringify(json)).not.toMatch(/typed_per_filter_config|request_mirror_policies/);
    await mesh.stop();
  });

  test('are told where instances are when those near are preferred, each place with a name, a turn and a weight', async () => {
    const mesh = await meshOf('resolver-grpc');
    const { identity } = mesh.needs('front-proxy');
    await mesh.step({
      catalog: { Node: identity.node, Address: '127.0.0.1', Locality: { Region: 'eu', Zone: 'eu-1' } },
    });
    for (const [zone, port] of [
      ['eu-2', 9002],
      ['eu-1', 9001],
      ['', 9000],
    ] as const)
      await mesh.step({
        catalog: {
          ...{ Node: `node-${port}`, Address: '10.10.1.1' },
          ...(zone ? { Locality: { Region: 'eu', Zone: zone } } : {}),
          Service: { ID: `orders-${port}`, Service: 'orders', Port: port },
        },
      });
    const places = () => {
      const { json, problems } = follow(mesh, 'orders', 'front-proxy');
      expect(problems).toEqual([]);
      const [, assignment] = Object.entries(json).find(([line]) => line.startsWith('endpoint ')) ?? [];
      return (assignment as { endpoints: { locality: object; priority?: number }[] }).endpoints.map(
        ({ locality, priority = 0 }) => `${Object.values(locality).join()} ${priority}`,
      );
    };
    expect(places()).toEqual(['dc1 0']);
    await mesh.step({
      config: { Kind: 'service-resolver', Name: 'orders', PrioritizeByLocality: { Mode: 'failover' } },
    });
    expect(places()).toEqual(['eu,eu-1 0', 'eu,eu-2 1', 'not known 2']);
    await mesh.stop();
  });

  test('a port behind the name of the service changes nothing', async () => {
    const mesh = await meshOf('resolver-grpc');
    expect(follow(mesh, 'orders:443', 'front-proxy').problems).toEqual([]);
    await mesh.stop();
  });

  test.each(['', 'a/b', '../x', 'orders~x', 'x'.repeat(200), 'orders:443:1'])(
    '%j is no name of a service',
    async (name) => {
      const mesh = await meshOf('resolver-grpc');
      const { identity } = mesh.needs('front-proxy');
      expect(proxylessResourceKey(mesh.store.view, identity, 'listener', name)).toBeUndefined();
      await mesh.stop();
    },
  );
});
