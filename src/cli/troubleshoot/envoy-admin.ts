import { asList, asRecord, asText } from '../json.js';

type Json = Readonly<Record<string, unknown>>;

const TIMEOUT_MS = 10_000;

/** What an Envoy says of itself on its admin port. */
export interface EnvoyFacts {
  readonly listeners: readonly Json[];
  /** Names of clusters. */
  readonly clusters: readonly string[];
  /** Cluster -> how many of its endpoints are healthy, and how many there are. */
  readonly endpoints: ReadonlyMap<string, { readonly healthy: number; readonly total: number }>;
  readonly certificates: readonly { readonly validFrom: string; readonly expires: string }[];
  readonly rejectedUpdates: number;
  readonly connectFailures: number;
}

/** Asks an Envoy's admin port (`host:port`). Throws an error that says what to do when it does not answer. */
export async function readEnvoy(endpoint: string): Promise<EnvoyFacts> {
  const [dump, clusters, certificates, stats] = await Promise.all(
    ['/config_dump', '/clusters?format=json', '/certs', '/stats?format=json&usedonly'].map((path) =>
      ask(endpoint, path),
    ),
  );
  const parts = asList(dump?.['configs']).map(asRecord);
  const dynamic = (field: string): readonly Json[] => parts.flatMap((part) => asList(part[field]).map(asRecord));
  const values = asList(stats?.['stats']).map(asRecord);
  const sum = (suffix: string): number =>
    values
      .filter(({ name }) => asText(name).endsWith(suffix))
      .reduce((total, { value }) => total + (Number(value) || 0), 0);
  return {
    listeners: dynamic('dynamic_listeners').map((one) => asRecord(asRecord(one['active_state'])['listener'])),
    clusters: ['dynamic_active_clusters', 'static_clusters'].flatMap((field) =>
      dynamic(field).map((one) => asText(asRecord(one['cluster'])['name'])),
    ),
    endpoints: new Map(
      asList(clusters?.['cluster_statuses'])
        .map(asRecord)
        .map((cluster) => [asText(cluster['name']), countHosts(cluster)]),
    ),
    certificates: asList(certificates?.['certificates'])
      .flatMap((one) => asList(asRecord(one)['cert_chain']).map(asRecord))
      .map((one) => ({ validFrom: asText(one['valid_from']), expires: asText(one['expiration_time']) })),
    rejectedUpdates: sum('.update_rejected'),
    connectFailures: sum('.upstream_cx_connect_fail'),
  };
}

function countHosts(cluster: Json): { readonly healthy: number; readonly total: number } {
  const hosts = asList(cluster['host_statuses']).map((host) => asRecord(asRecord(host)['health_status']));
  const isHealthy = (status: Json): boolean =>
    status['eds_health_status'] === 'HEALTHY' && Object.keys(status).every((name) => !name.startsWith('failed_'));
  return { healthy: hosts.filter(isHealthy).length, total: hosts.length };
}

async function ask(endpoint: string, path: string): Promise<Json> {
  try {
    const answer = await fetch(`http://${endpoint}${path}`, { signal: AbortSignal.timeout(TIMEOUT_MS) });
    if (!answer.ok) throw new Error(`it answers ${answer.status} to ${path}`);
    return asRecord(await answer.json());
  } catch (thrown) {
    const reason =
      thrown instanceof Error && thrown.message.startsWith('it answers') ? thrown.message : 'nothing answers';
    throw new Error(`cannot read the Envoy at ${endpoint}: ${reason}; -envoy-admin-endpoint names its admin port`, {
      cause: thrown,
    });
  }
}
