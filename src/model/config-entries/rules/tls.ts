import type { MeshTlsParameters } from '../mesh.js';
import { type Problem, firstProblem } from './problems.js';

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
export function tlsProblem(direction: string, parameters: MeshTlsParameters | undefined): Problem {
  const problem = parameters && tlsParametersProblem(parameters);
  return problem === undefined ? undefined : `error in ${direction} TLS configuration: ${problem}`;
}

/** The same without a direction: the parameters of one listener or gateway. */
export function tlsParametersProblem({
  tlsMinVersion,
  tlsMaxVersion,
  cipherSuites: suites,
}: MeshTlsParameters): Problem {
  const unknown = [tlsMinVersion, tlsMaxVersion].find((version) => version !== '' && !VERSIONS.includes(version));
  if (unknown !== undefined)
    return `no matching TLS version found for ${unknown}, please specify one of [${VERSIONS.join(', ')}]`;
  const [least, most] = [VERSIONS.indexOf(tlsMinVersion), VERSIONS.indexOf(tlsMaxVersion)];
  if (least > 0 && most > 0 && most < least)
    return `configuring max version ${tlsMaxVersion} less than the configured min version ${tlsMinVersion} is invalid`;
  if (suites.length === 0) return undefined;
  if (tlsMinVersion === 'TLSv1_3')
    return (
      'configuring CipherSuites is only applicable to connections negotiated with TLS 1.2 or earlier, ' +
      'TLSMinVersion is set to TLSv1_3'
    );
  return firstProblem(suites, (suite) =>
    cipherSuites.has(suite) ? undefined : `no matching Envoy TLS cipher suite found for ${suite}`,
  );
}
