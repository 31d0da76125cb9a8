import { AppError } from '../../core/index.js';
import type { TlsOptions } from './option-sections.js';
import type { AgentOptions } from './options.js';

/** The TLS of one port. Empty paths = not given; without a certificate, one of the built-in authority is used. */
export interface TlsConfig {
  readonly caFile: string;
  readonly caPath: string;
  readonly certFile: string;
  readonly keyFile: string;
  readonly verifyIncoming: boolean;
  /** As Consul writes it, `TLSv1_2`. */
  readonly minVersion: string;
  /** As Consul writes them; empty = the usual ones. */
  readonly cipherSuites: readonly string[];
}

const VERSIONS: Readonly<Record<string, string>> = {
  TLSv1_0: 'TLSv1_0',
  TLSv1_1: 'TLSv1_1',
  TLSv1_2: 'TLSv1_2',
  TLSv1_3: 'TLSv1_3',
  TLS_AUTO: 'TLSv1_2',
  tls10: 'TLSv1_0',
  tls11: 'TLSv1_1',
  tls12: 'TLSv1_2',
  tls13: 'TLSv1_3',
};

/** Names of cipher suites as configurations write them, and as OpenSSL calls them. */
export const CIPHER_SUITES: Readonly<Record<string, string>> = {
  TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256: 'ECDHE-ECDSA-AES128-GCM-SHA256',
  TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384: 'ECDHE-ECDSA-AES256-GCM-SHA384',
  TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256: 'ECDHE-RSA-AES128-GCM-SHA256',
  TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384: 'ECDHE-RSA-AES256-GCM-SHA384',
  TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256: 'ECDHE-ECDSA-CHACHA20-POLY1305',
  TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256: 'ECDHE-RSA-CHACHA20-POLY1305',
  TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256: 'ECDHE-ECDSA-AES128-SHA256',
  TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256: 'ECDHE-RSA-AES128-SHA256',
  TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA: 'ECDHE-ECDSA-AES128-SHA',
  TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA: 'ECDHE-RSA-AES128-SHA',
  TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA: 'ECDHE-ECDSA-AES256-SHA',
  TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA: 'ECDHE-RSA-AES256-SHA',
};

const invalid = (message: string): AppError => new AppError('invalidArgument', message);

/** The TLS of a port: `tls.<port>` over `tls.defaults` over the old options at the top. Throws AppError('invalidArgument'). */
export function resolveTls(options: AgentOptions, door: 'https' | 'grpc' | 'internalRpc'): TlsConfig {
  const { caFile, caPath, certFile, keyFile, tlsCipherSuites, tlsMinVersion } = options;
  const old = { caFile, caPath, certFile, keyFile, tlsCipherSuites, tlsMinVersion };
  const verifyOld = options.verifyIncoming ?? (door === 'https' ? options.verifyIncomingHttps : undefined);
  const given: TlsOptions = merged(old, options.tls?.defaults, options.tls?.[door]);
  // The Envoy port was never covered by the old `verify_incoming`: its clients are told apart by what they present later.
  // The cluster door asks every peer for a certificate, whatever the options say.
  const verifyIncoming =
    door !== 'internalRpc' &&
    (options.tls?.[door]?.verifyIncoming ??
      options.tls?.defaults?.verifyIncoming ??
      (door === 'https' ? (verifyOld ?? false) : false));
  const at = door === 'internalRpc' ? 'tls.internal_rpc' : `tls.${door}`;
  const resolved: TlsConfig = {
    caFile: given.caFile ?? '',
    caPath: given.caPath ?? '',
    certFile: given.certFile ?? '',
    keyFile: given.keyFile ?? '',
    verifyIncoming,
    minVersion: versionOf(at, given.tlsMinVersion ?? ''),
    cipherSuites: suitesOf(at, given.tlsCipherSuites ?? ''),
  };
  if ((resolved.certFile === '') !== (resolved.keyFile === ''))
    throw invalid(`${at}: cert_file and key_file go together; give both or neither`);
  if (verifyIncoming && resolved.caFile === '' && resolved.caPath === '')
    throw invalid(`${at}: verify_incoming is set but no CA certificates were provided: give ca_file or ca_path`);
  return resolved;
}

function merged(...layers: readonly (object | undefined)[]): TlsOptions {
  const entries = layers.flatMap((layer) => Object.entries(layer ?? {}).filter(([, value]) => value !== undefined));
  return Object.fromEntries(entries);
}

function versionOf(at: string, given: string): string {
  if (given === '') return 'TLSv1_2';
  const version = VERSIONS[given];
  if (version === undefined)
    throw invalid(`${at}: tls_min_version must be TLSv1_0, TLSv1_1, TLSv1_2 or TLSv1_3, not "${given}"`);
  return version;
}

function suitesOf(at: string, given: string): readonly string[] {
  const names = given
    .split(',')
    .map((name) => name.trim())
    .filter(Boolean);
  const unknown = names.find((name) => !Object.hasOwn(CIPHER_SUITES, name));
  if (unknown !== undefined)
    throw invalid(`${at}: unsupported cipher suite ${unknown}; known are ${Object.keys(CIPHER_SUITES).join(', ')}`);
  return names;
}
