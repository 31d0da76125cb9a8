import type { CertificateAuthority } from '../../../../src/ca/index.js';
import { type IntentionPolicy, sortIntentions } from '../../../../src/mesh/intentions/index.js';
import { type RbacLayer, rbacRules } from '../../../../src/xds/resources/authorization/rbac-rules.js';
import { freePort, type RunningEnvoy, startForeignEnvoy } from '../../../support/envoy-rig/index.js';
import type { Rig } from '../../../support/envoy-rig/rig.js';
import { sharedParts } from '../../../recordings/xds/scenarios.mjs';
import { type Rule, intention, noIssuers } from './intentions.js';
import { ScenarioMesh, type Told } from './scenario-mesh.js';

type Json = Record<string, unknown>;

export interface RuleSet {
  readonly rules: readonly Rule[];
  readonly defaultPolicy: IntentionPolicy;
}

/** Names the rule set that a request is put to; `OPEN` lets everybody through. */
export const SET_HEADER = 'x-rule-set';
export const OPEN = 'open';
/** In the answer to what is let through: the path as filters saw it. */
export const PATH_HEADER = 'x-seen-path';

/** A real Envoy with the public listener that our sidecars are told, for as many rule sets as wanted. */
export interface JudgingEnvoy {
  readonly envoy: RunningEnvoy;
  readonly ca: CertificateAuthority;
  readonly rootPem: string;
  readonly httpPort: number;
  /** A rule set of its own for each server name `set-<position>`. */
  readonly tcpPort: number;
  close(): Promise<void>;
}

export interface JudgingEnvoyOptions {
  readonly version: string;
  readonly http: readonly RuleSet[];
  readonly tcp: readonly RuleSet[];
  /** Where TCP connections lead that are let through. */
  readonly appPort: number;
}

/** Starts one. Certificates come from a CA of ours; the filters stand in the listener, where the sidecar's are fetched. */
export async function startJudgingEnvoy(rig: Rig, options: JudgingEnvoyOptions): Promise<JudgingEnvoy> {
  const mesh = await ScenarioMesh.start(sharedParts.agent as Json);
  const [httpPort, tcpPort] = [await freePort(), await freePort()];
  try {
    const trustDomain = mesh.ca.trustDomain;
    const http = await toldAs(mesh, 'http');
    const tcp = await toldAs(mesh, 'tcp');
    const listeners = [
      httpListener(publicListenerOf(http), httpPort, options.http, trustDomain),
      tcpListener(publicListenerOf(tcp), tcpPort, options.tcp, trustDomain),
    ];
    const secrets = Object.values(http.resources.secrets).map((secret) => withoutType(secret as Json));
    const envoy = await startForeignEnvoy(rig, 'rule sets', options.version, (adminPort) => ({
      admin: { address: socketAddress(adminPort) },
      layered_runtime: { layers: [{ name: 'base', static_layer: { 're2.max_program_size.error_level': 1_048_576 } }] },
      static_resources: { listeners, secrets, clusters: [appCluster(options.appPort)] },
    }));
    await envoy.ready();
    const rootPem = rootOf(secrets);
    return { envoy, ca: mesh.ca, rootPem, httpPort, tcpPort, close: () => mesh.stop() };
  } catch (thrown) {
    await mesh.stop();
    throw thrown;
  }
}

async function toldAs(mesh: ScenarioMesh, protocol: string): Promise<Told> {
  const name = `${protocol}-front`;
  await mesh.step({ config: { Kind: 'service-defaults', Name: name, Protocol: protocol } });
  await mesh.step({ service: { ID: name, Name: name, Port: 8080, Connect: { SidecarService: {} } } });
  return mesh.tell(`${name}-sidecar-proxy`);
}

function publicListenerOf({ resources }: Told): Json {
  const found = Object.entries(resources.listeners).find(([name]) => name.startsWith('public_listener'));
  if (found === undefined) throw new Error('the sidecar has no public listener');
  return withStaticSecrets(withoutType(found[1] as Json)) as Json;
}

function httpListener(listener: Json, port: number, sets: readonly RuleSet[], trustDomain: string): Json {
  const routes = [
    route(OPEN, { policies: { all: { permissions: [{ any: true }], principals: [{ any: true }] } } }),
    ...sets.map((set, position) => route(String(position), rulesOf(set, 'http', trustDomain))),
  ];
  const inlined = JSON.parse(JSON.stringify(listener), (key, value: unknown) => {
    if (key === 'route_config') return { virtual_hosts: [{ name: 'rules', domains: ['*'], routes }] };
    const { config_discovery: fetched, ...rest } = (value ?? {}) as Json;
    return fetched ? { ...rest, typed_config: (fetched as Json)['default_config'] } : value;
  }) as Json;
  return { ...inlined, name: 'http', address: socketAddress(port) };
}

/** Requests of one rule set: whoever is let through is told which path the filters saw. */
function route(set: string, rules: object): Json {
  const type = 'type.googleapis.com/envoy.extensions.filters.http.rbac.v3.RBACPerRoute';
  return {
    match: { prefix: '/', headers: [{ name: SET_HEADER, string_match: { exact: set } }] },
    direct_response: { status: 200 },
    response_headers_to_add: [{ header: { key: PATH_HEADER, value: '%REQ(:PATH)%' } }],
    typed_per_filter_config: { 'envoy.filters.http.rbac': { '@type': type, rbac: { rules } } },
  };
}

function tcpListener(listener: Json, port: number, sets: readonly RuleSet[], trustDomain: string): Json {
  const [chain = {}] = listener['filter_chains'] as Json[];
  const filters = chain['filters'] as Json[];
  const filter_chains = sets.map((set, position) => ({
    ...chain,
    name: `set-${position}`,
    filter_chain_match: { server_names: [`set-${position}`] },
    filters: filters.map((filter) => {
      const { config_discovery: fetched, ...rest } = filter;
      if (!fetched) return filter;
      const config = (fetched as Json)['default_config'] as Json;
      return { ...rest, typed_config: { ...config, rules: rulesOf(set, 'network', trustDomain) } };
    }),
  }));
  const type = 'type.googleapis.com/envoy.extensions.filters.listener.tls_inspector.v3.TlsInspector';
  const listener_filters = [{ name: 'envoy.filters.listener.tls_inspector', typed_config: { '@type': type } }];
  return { ...listener, name: 'tcp', address: socketAddress(port), filter_chains, listener_filters };
}

const rulesOf = ({ rules, defaultPolicy }: RuleSet, layer: RbacLayer, trustDomain: string): object =>
  rbacRules(
    { intentions: sortIntentions(rules.map(intention)), defaultPolicy, trustDomain, issuers: noIssuers },
    layer,
  );

const appCluster = (port: number): Json => ({
  name: 'local_app',
  connect_timeout: '5s',
  load_assignment: {
    cluster_name: 'local_app',
    endpoints: [{ lb_endpoints: [{ endpoint: { address: socketAddress(port) } }] }],
  },
});

const socketAddress = (port: number): Json => ({ socket_address: { address: '127.0.0.1', port_value: port } });

/** Secrets that are fetched by name are those of the bootstrap when no source is named. */
const withStaticSecrets = (value: Json): unknown =>
  JSON.parse(JSON.stringify(value), (key, inner: unknown) => (key === 'sds_config' ? undefined : inner));

const withoutType = ({ '@type': _type, ...rest }: Json): Json => rest;

function rootOf(secrets: readonly Json[]): string {
  const roots = secrets.find(({ name }) => name === 'roots') as
    | { validation_context?: { trusted_ca?: { inline_string?: string } } }
    | undefined;
  return roots?.validation_context?.trusted_ca?.inline_string ?? '';
}
