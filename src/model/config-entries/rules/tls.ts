import type { MeshTlsParameters } from '../mesh.js';
import type { Problem } from './problems.js';

const VERSIONS = ['TLS_AUTO', 'TLSv1_0', 'TLSv1_1', 'TLSv1_2', 'TLSv1_3'];

/** Cipher suites that Envoy knows, by their IANA names; TLS 1.3 has no choice of suites. */
export const cipherSuites: ReadonlySet<string> = new Set([
  'TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256',
  'TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256',
  'TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256',
  'TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256',
  'TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA',
  'TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA',
  'TLS_RSA_WITH_AES_128_GCM_SHA256',
  'TLS_RSA_WITH_AES_128_CBC_SHA',
  'TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384',
  'TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384',
  'TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA',
  'TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA',
  'TLS_RSA_WITH_AES_256_GCM_SHA384',
  'TLS_RSA_WITH_AES_256_CBC_SHA',
]);

/** Versions that exist, in order, and suites only where they count. `direction` is `incoming` or `outgoing`. */
export function tlsProblem(direction: 'incoming' | 'outgoing', parameters: MeshTlsParameters | undefined): Problem {
  const found = parameters && problemAt(parameters);
  if (found === undefined) return undefined;
  const block = direction === 'incoming' ? 'Incoming' : 'Outgoing';
  return `TLS.${block}.${found.field}: error in ${direction} TLS configuration: ${found.problem}`;
}

/** The same without a direction: the parameters of one listener or gateway, at `where`. */
export function tlsParametersProblem(where: string, parameters: MeshTlsParameters): Problem {
  const found = problemAt(parameters);
  return found && `${where}.${found.field}: ${found.problem}`;
}

interface ProblemAt {
  readonly field: string;
  readonly problem: string;
}

function problemAt(parameters: MeshTlsParameters): ProblemAt | undefined {
  const { tlsMinVersion, tlsMaxVersion, cipherSuites: suites } = parameters;
  for (const [field, version] of [
    ['TLSMinVersion', tlsMinVersion],
    ['TLSMaxVersion', tlsMaxVersion],
  ] as const)
    if (version !== '' && !VERSIONS.includes(version)) {
      const problem = `no matching TLS version found for ${version}, please specify one of [${VERSIONS.join(', ')}]`;
      return { field, problem };
    }
  const [least, most] = [VERSIONS.indexOf(tlsMinVersion), VERSIONS.indexOf(tlsMaxVersion)];
  if (least > 0 && most > 0 && most < least)
    return {
      field: 'TLSMaxVersion',
      problem: `configuring max version ${tlsMaxVersion} less than the configured min version ${tlsMinVersion} is invalid`,
    };
  if (suites.length === 0) return undefined;
  if (tlsMinVersion === 'TLSv1_3')
    return {
      field: 'CipherSuites',
      problem:
        'configuring CipherSuites is only applicable to connections negotiated with TLS 1.2 or earlier, ' +
        'TLSMinVersion is set to TLSv1_3',
    };
  const position = suites.findIndex((suite) => !cipherSuites.has(suite));
  if (position < 0) return undefined;
  return {
    field: `CipherSuites[${position}]`,
    problem: `no matching Envoy TLS cipher suite found for ${suites[position]}`,
  };
}
