import { type PackedAny, packAny } from '../../envoy-api/index.js';
import { envoyCipherSuites } from './cipher-suites.js';
import { SECRET_SOURCE } from '../config-sources.js';
import { LEAF_SECRET, ROOTS_SECRET } from '../spec.js';

/** TLS settings of the `mesh` entry that apply to one direction. */
export interface TlsParameters {
  readonly tlsMinVersion: string;
  readonly tlsMaxVersion: string;
  readonly cipherSuites: readonly string[];
}

type TlsProtocol = 'TLS_AUTO' | 'TLSv1_0' | 'TLSv1_1' | 'TLSv1_2' | 'TLSv1_3';

const leaf = [{ name: LEAF_SECRET, sds_config: SECRET_SOURCE }];
const roots = { name: ROOTS_SECRET, sds_config: SECRET_SOURCE };

function parameters(given: TlsParameters | undefined) {
  if (given === undefined) return {};
  return {
    tls_params: {
      ...(given.tlsMinVersion ? { tls_minimum_protocol_version: given.tlsMinVersion as TlsProtocol } : {}),
      ...(given.tlsMaxVersion ? { tls_maximum_protocol_version: given.tlsMaxVersion as TlsProtocol } : {}),
      ...(given.cipherSuites.length > 0 ? { cipher_suites: envoyCipherSuites(given.cipherSuites) } : {}),
    },
  };
}

/** ALPN of a listener by protocol (consul-behaviour 6.2): none for tcp. */
function alpn(protocol: string): string[] {
  if (protocol === 'http') return ['http/1.1'];
  return protocol === 'http2' || protocol === 'grpc' ? ['h2', 'http/1.1'] : [];
}

/** The public listener's socket: our leaf, a client certificate of our roots required. Secrets come over ADS. */
export function downstreamTlsSocket(
  protocol: string,
  given: TlsParameters | undefined,
): { name: string; typed_config: PackedAny } {
  return {
    name: 'tls',
    typed_config: packAny('envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext', {
      common_tls_context: {
        ...parameters(given),
        alpn_protocols: alpn(protocol),
        tls_certificate_sds_secret_configs: leaf,
        validation_context_sds_secret_config: roots,
      },
      require_client_certificate: { value: true },
    }),
  };
}

/** The socket towards a service: its SNI, and exactly its SPIFFE ids accepted. */
export function upstreamTlsSocket(
  sni: string,
  spiffeIds: readonly string[],
  given: TlsParameters | undefined,
): { name: string; typed_config: PackedAny } {
  return {
    name: 'tls',
    typed_config: packAny('envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext', {
      sni,
      common_tls_context: {
        tls_certificate_sds_secret_configs: leaf,
        combined_validation_context: {
          default_validation_context: {
            match_typed_subject_alt_names: spiffeIds.map((exact) => ({ san_type: 'URI' as const, matcher: { exact } })),
          },
          validation_context_sds_secret_config: roots,
        },
        ...parameters(given),
      },
    }),
  };
}
