import { describe, expect, test } from 'vitest';
import { agentConfig, readXdsScenario, stagesOf } from '../../recordings/xds/scenarios.mjs';
import scope from '../../recordings/scope.json' with { type: 'json' };
import { ScenarioMesh, type Told } from './support/scenario-mesh.js';

type Json = Readonly<Record<string, unknown>>;

/** Everything that sidecars are told in all scenarios in scope. */
async function allTold(): Promise<readonly (Told & { readonly scenario: string })[]> {
  const all: (Told & { scenario: string })[] = [];
  for (const name of scope.xds.inScope) {
    const scenario = readXdsScenario(name);
    const mesh = await ScenarioMesh.start(agentConfig(scenario));
    for (const steps of stagesOf(scenario)) {
      for (const step of steps) await mesh.step(step);
      for (const proxy of scenario.proxies as string[]) all.push({ ...mesh.tell(proxy), scenario: name });
    }
    await mesh.stop();
  }
  return all;
}

const told = await allTold();

/** Every object anywhere in a value. */
function* objects(value: unknown): Generator<Json> {
  if (typeof value !== 'object' || value === null) return;
  if (!Array.isArray(value)) yield value as Json;
  for (const inner of Object.values(value)) yield* objects(inner);
}

/** An object in an object; empty when there is none. */
const inside = (value: Json | undefined, key: string): Json => (value?.[key] ?? {}) as Json;
const isType = (value: Json, name: string): boolean => String(value['@type']).endsWith(name);
const ofType = (value: unknown, name: string): Json[] => [...objects(value)].filter((one) => isType(one, name));
const resourcesOf = (kind: 'clusters' | 'listeners') =>
  told.flatMap(({ scenario, resources }) =>
    Object.entries(resources[kind]).map(([name, resource]) => ({ scenario, name, resource: resource as Json })),
  );

describe('every connection to another service', () => {
  const clusters = resourcesOf('clusters').filter(
    ({ name, resource }) => resource['eds_cluster_config'] !== undefined || name.startsWith('passthrough~'),
  );

  test('is mutual TLS', () => {
    expect(clusters.length).toBeGreaterThan(90);
    const open = clusters.filter(({ resource }) => ofType(resource, '.UpstreamTlsContext').length !== 1);
    expect(open).toEqual([]);
  });

  test('accepts exactly the SPIFFE id of one service, of our roots, in our trust domain', () => {
    for (const { name, resource } of clusters) {
      const [tls] = ofType(resource, '.UpstreamTlsContext');
      const validation = inside(inside(tls, 'common_tls_context'), 'combined_validation_context');
      expect(validation['validation_context_sds_secret_config'], name).toMatchObject({ name: 'roots' });
      const { match_typed_subject_alt_names: names } = validation['default_validation_context'] as {
        match_typed_subject_alt_names: Json[];
      };
      expect(names, name).toHaveLength(1);
      expect(names[0]?.['san_type'], name).toBe('URI');
      expect(inside(names[0], 'matcher')['exact'], name).toMatch(
        /^spiffe:\/\/11111111-2222-3333-4444-555555555555\.consul\/ns\/default\/dc\/dc1\/svc\/[a-z-]+$/,
      );
      expect(tls?.['sni'], name).toMatch(/\S/);
    }
  });
});

/** The ways into a sidecar: chains of inbound listeners, exposed paths apart. */
const inbound = resourcesOf('listeners')
  .filter(({ resource }) => resource['traffic_direction'] === 'INBOUND')
  .flatMap(({ resource, ...rest }) =>
    (resource['filter_chains'] as Json[]).map((chain) => ({ ...rest, chain, filters: chain['filters'] as Json[] })),
  );
const isExposed = ({ name }: { readonly name: string }): boolean => name.startsWith('exposed_path_');
const doors = inbound.filter((door) => !isExposed(door));

describe('every way into a sidecar', () => {
  test('asks for a certificate of our roots', () => {
    expect(doors.length).toBeGreaterThan(80);
    for (const { scenario, chain } of doors) {
      const [tls] = ofType(chain['transport_socket'], '.DownstreamTlsContext');
      expect(tls?.['require_client_certificate'], scenario).toBe(true);
      expect(inside(tls, 'common_tls_context')['validation_context_sds_secret_config'], scenario).toMatchObject({
        name: 'roots',
      });
    }
  });

  test('is held to intentions before anything else, and refuses everybody until they are there', () => {
    for (const { scenario, filters } of doors) {
      const [manager] = filters.flatMap((filter) => ofType(filter, '.HttpConnectionManager'));
      const chain = manager ? (manager['http_filters'] as Json[]) : filters;
      const transparent = /grpc_stats|grpc_http1_bridge/;
      // Tokens may be verified before: that refuses nobody, and tells what the intentions are held against.
      const verifying = 'envoy.filters.http.jwt_authn';
      const [first, second] = chain.filter(({ name }) => !transparent.test(String(name)));
      const judge = first?.['name'] === verifying ? second : first;
      expect(judge?.['name'], scenario).toMatch(/^envoy\.filters\.(http|network)\.rbac$/);
      const { default_config: fallback, apply_default_config_without_warming: early } = inside(
        judge,
        'config_discovery',
      );
      expect((fallback as Json)['rules'], scenario).toEqual({});
      expect(early, scenario).toBeUndefined();
    }
  });

  test('normalises the paths of requests before they are judged', () => {
    const managers = doors.flatMap(({ scenario, filters }) =>
      filters.flatMap((filter) => ofType(filter, '.HttpConnectionManager')).map((manager) => ({ scenario, manager })),
    );
    expect(managers.length).toBeGreaterThan(20);
    for (const { scenario, manager } of managers) expect(manager['normalize_path'], scenario).toBe(true);
  });
});

describe('a way in without certificates', () => {
  test('is there only for exposed paths, and leads to exactly that path', () => {
    const exposed = inbound.filter(isExposed);
    expect(exposed.length).toBeGreaterThan(0);
    for (const { filters } of exposed) {
      expect(filters).toHaveLength(1);
      const matches = filters.flatMap((filter) =>
        [...objects(filter)].filter((one) => 'match' in one).map((one) => one['match'] as Json),
      );
      expect(matches).toEqual([{ path: '/ready' }]);
    }
  });
});

describe('what is told', () => {
  test('holds no private key but in the proxy’s own leaf', () => {
    for (const { scenario, resources } of told) {
      const { secrets, ...others } = resources;
      const { leaf, ...shared } = secrets;
      expect(JSON.stringify(leaf), scenario).toContain('PRIVATE KEY');
      expect(JSON.stringify([others, shared]), scenario).not.toMatch(/PRIVATE KEY|private_key/);
    }
  });

  test('refers to one name always by the same source, for a second one would never be asked', () => {
    const sources = new Map<string, Set<string>>();
    for (const { resources } of told)
      for (const one of objects(resources)) {
        const source = one['sds_config'] ?? inside(one, 'config_discovery')['config_source'];
        if (source === undefined) continue;
        const name = String(one['name']);
        sources.set(name, (sources.get(name) ?? new Set()).add(JSON.stringify(source)));
      }
    expect([...sources.keys()].sort()).toEqual([
      'envoy.filters.http.jwt_authn',
      'envoy.filters.http.rbac',
      'envoy.filters.network.rbac',
      'leaf',
      'public-roots',
      'roots',
    ]);
    for (const [name, forms] of sources) expect([...forms], name).toHaveLength(1);
  });
});
