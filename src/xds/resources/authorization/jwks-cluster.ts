import { ipVersion } from '../../../core/index.js';
import { entryOf } from '../../../mesh/discovery-chain/index.js';
import type { KeySetTrust, RemoteKeySet, TrustedAuthority } from '../../../model/index.js';
import { packAny } from '../../envoy-api/index.js';
import type { Builder } from '../builder.js';
import { SECRET_SOURCE, durationOf } from '../config-sources.js';
import { jwksClusterName } from './jwt-filter.js';
import { PUBLIC_ROOTS_SECRET } from '../spec.js';

export interface JwksClusterInput {
  readonly provider: string;
}

type DiscoveryType = 'STATIC' | 'STRICT_DNS' | 'LOGICAL_DNS';

/** A server that has keys: where it is, and how Envoy finds its address. */
interface KeyServer {
  /** A host name, or an address without brackets. */
  readonly host: string;
  readonly port: number;
  readonly encrypted: boolean;
  readonly discovery: DiscoveryType;
}

/** Where the server with a provider's keys is. Types of discovery that have no meaning for one server are looked up. */
export function keyServer({ uri, jwksCluster }: RemoteKeySet): KeyServer {
  const { hostname, port, protocol } = new URL(uri);
  const host = hostname.replace(/^\[|\]$/g, '');
  const encrypted = protocol === 'https:';
  const wanted = jwksCluster?.discoveryType;
  const lookedUp = wanted === 'LOGICAL_DNS' || wanted === 'STRICT_DNS' ? wanted : undefined;
  return {
    host,
    port: port === '' ? (encrypted ? 443 : 80) : Number(port),
    encrypted,
    discovery: lookedUp ?? (ipVersion(host) === undefined ? 'STRICT_DNS' : 'STATIC'),
  };
}

/** Whether the server is held to the public authorities, because no other is named that Envoy could use. */
export function needsPublicRoots(remote: RemoteKeySet): boolean {
  return keyServer(remote).encrypted && remote.jwksCluster?.tlsCertificates?.trustedCa === undefined;
}

/** The cluster of the server from which Envoys fetch a provider's keys (consul-behaviour 6.7). We never fetch them. */
export const jwksCluster: Builder<JwksClusterInput> = (view, { provider }) => {
  const remote = entryOf(view, 'jwt-provider', provider)?.jsonWebKeySet?.remote;
  if (remote === undefined) return undefined;
  const name = jwksClusterName(provider);
  const server = keyServer(remote);
  const { host, port, encrypted, discovery } = server;
  const connectTimeoutMs = remote.jwksCluster?.connectTimeoutMs ?? 0;
  const endpoint = { address: { socket_address: { address: host, port_value: port } } };
  const any = packAny('envoy.config.cluster.v3.Cluster', {
    name,
    type: discovery,
    ...(discovery === 'STATIC' ? {} : { dns_lookup_family: 'V4_PREFERRED' as const }),
    ...(connectTimeoutMs > 0 ? { connect_timeout: durationOf(connectTimeoutMs) } : {}),
    load_assignment: { cluster_name: name, endpoints: [{ lb_endpoints: [{ endpoint }] }] },
    ...(encrypted ? { transport_socket: tlsSocket(server, remote.jwksCluster?.tlsCertificates) } : {}),
  });
  return {
    name,
    any,
    references: needsPublicRoots(remote) ? [{ type: 'secret', name: PUBLIC_ROOTS_SECRET }] : [],
    entries: [`jwt-provider/${provider}`],
  };
};

/** Who holds the keys decides who gets in: the server must prove that it is the one that the URI names. */
function tlsSocket({ host }: KeyServer, trust: KeySetTrust | undefined) {
  const isName = ipVersion(host) === undefined;
  const san_type: 'DNS' | 'IP_ADDRESS' = isName ? 'DNS' : 'IP_ADDRESS';
  const names = { match_typed_subject_alt_names: [{ san_type, matcher: { exact: host } }] };
  return {
    name: 'tls',
    typed_config: packAny('envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext', {
      ...(isName ? { sni: host } : {}),
      common_tls_context: trust?.trustedCa
        ? { validation_context: { trusted_ca: authority(trust.trustedCa), ...names } }
        : {
            combined_validation_context: {
              default_validation_context: names,
              validation_context_sds_secret_config: { name: PUBLIC_ROOTS_SECRET, sds_config: SECRET_SOURCE },
            },
          },
    }),
  };
}

function authority({ filename, environmentVariable, inlineString, inlineBytes }: TrustedAuthority) {
  if (filename !== '') return { filename };
  if (environmentVariable !== '') return { environment_variable: environmentVariable };
  return inlineString === '' ? { inline_bytes: Buffer.from(inlineBytes, 'base64') } : { inline_string: inlineString };
}
