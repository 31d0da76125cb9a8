import type {
  JsonWebKeySet,
  KeyFetchRetries,
  KeySetCluster,
  LocalKeySet,
  RemoteKeySet,
  TrustedAuthority,
} from '../jwt-provider.js';
import type { Problem } from './problems.js';

const WHERE = 'JSONWebKeySet';
const DISCOVERY_TYPES = ['', 'STRICT_DNS', 'STATIC', 'LOGICAL_DNS', 'EDS', 'ORIGINAL_DST'];

/** White space and control characters would end the request line in which an Envoy asks for the keys. */
const NOT_IN_A_URI = /[\s\p{Cc}]/u;

/** Of Envoy's BackoffStrategy. */
const SHORTEST_BACK_OFF_MS = 1;

/** Rules of consul-behaviour 4.11 about an issuer's keys. */
export function jsonWebKeySetProblem(keys: JsonWebKeySet | undefined): Problem {
  if (keys === undefined) return `${WHERE} is required`;
  const { local, remote } = keys;
  if ((local === undefined) === (remote === undefined))
    return `${WHERE}: must specify exactly one of Local or Remote JSON Web key set`;
  return (local && localProblem(local)) ?? (remote && remoteProblem(remote));
}

function localProblem({ jwks, filename }: LocalKeySet): Problem {
  const where = `${WHERE}.Local`;
  if ((jwks === '') === (filename === ''))
    return `${where}: must specify exactly one of String or filename for local keyset`;
  if (jwks === '') return undefined;
  if (!isBase64(jwks)) return `${where}.JWKS must be valid base64 encoded string`;
  return keySetProblem(`${where}.JWKS`, Buffer.from(jwks, 'base64').toString());
}

/** What is no set of keys would have every token refused, without a word. */
function keySetProblem(where: string, text: string): Problem {
  try {
    const parsed: unknown = JSON.parse(text);
    if (typeof parsed === 'object' && parsed !== null && 'keys' in parsed && Array.isArray(parsed.keys))
      return undefined;
  } catch {
    return `${where} is not the base64 form of JSON: it must encode an object such as {"keys": […]}`;
  }
  return `${where} is no JSON Web Key Set: it must encode an object such as {"keys": […]}`;
}

function remoteProblem(remote: RemoteKeySet): Problem {
  const where = `${WHERE}.Remote`;
  const { uri, requestTimeoutMs, cacheDurationMs, retryPolicy, jwksCluster } = remote;
  if (uri === '') return `${where}.URI: Remote JWKS URI is required`;
  const problem = uriProblem(uri);
  if (problem !== undefined) return `${where}.URI: Remote JWKS URI is invalid: ${problem}, uri: ${uri}`;
  if (requestTimeoutMs < 0) return `${where}.RequestTimeoutMs must not be negative`;
  if (cacheDurationMs < 0) return `${where}.CacheDuration must not be negative`;
  return (
    (retryPolicy && retryProblem(`${where}.RetryPolicy`, retryPolicy)) ??
    (jwksCluster && clusterProblem(`${where}.JWKSCluster`, jwksCluster))
  );
}

/** An Envoy asks there for the keys: it must be able to tell host, port and path. */
function uriProblem(uri: string): Problem {
  if (NOT_IN_A_URI.test(uri)) return 'it contains white space or control characters';
  const scheme = /^([a-z][a-z0-9+.-]*):/i.exec(uri)?.[1]?.toLowerCase();
  if (scheme === undefined) return `parse ${JSON.stringify(uri)}: missing protocol scheme`;
  if (scheme !== 'http' && scheme !== 'https') return `its scheme must be http or https, not ${scheme}`;
  if (!/^https?:\/\/[^/]/i.test(uri) || !URL.canParse(uri)) return 'it has no host that can be read';
  const { username, password } = new URL(uri);
  return username + password === '' ? undefined : 'it must not carry a user name or password';
}

function retryProblem(where: string, { retryPolicyBackOff: backOff }: KeyFetchRetries): Problem {
  if (backOff === undefined) return undefined;
  const { baseIntervalMs, maxIntervalMs } = backOff;
  if (baseIntervalMs < 0 || maxIntervalMs < 0) return `${where}.RetryPolicyBackOff: intervals must not be negative`;
  for (const [name, intervalMs] of Object.entries({ BaseInterval: baseIntervalMs, MaxInterval: maxIntervalMs }))
    if (intervalMs > 0 && intervalMs < SHORTEST_BACK_OFF_MS)
      return `${where}.RetryPolicyBackOff.${name} must be 0, for the default, or at least 1ms: Envoy takes nothing shorter`;
  return maxIntervalMs !== 0 && maxIntervalMs < baseIntervalMs
    ? `${where}: retry policy backoff's MaxInterval should be greater or equal to BaseInterval`
    : undefined;
}

function clusterProblem(where: string, { discoveryType, tlsCertificates, connectTimeoutMs }: KeySetCluster): Problem {
  if (!DISCOVERY_TYPES.includes(discoveryType))
    return `${where}.DiscoveryType: unsupported jwks cluster discovery type: "${discoveryType}"`;
  if (connectTimeoutMs < 0) return `${where}.ConnectTimeout must not be negative`;
  if (tlsCertificates === undefined) return undefined;
  const { caCertificateProviderInstance: instance, trustedCa } = tlsCertificates;
  if ((instance === undefined) === (trustedCa === undefined))
    return `${where}: must specify exactly one of: CaCertificateProviderInstance or TrustedCA for JKWS' TLSCertificates`;
  return trustedCa && authorityProblem(`${where}.TLSCertificates`, trustedCa);
}

function authorityProblem(where: string, authority: TrustedAuthority): Problem {
  const { filename, environmentVariable, inlineString, inlineBytes } = authority;
  if ([filename, environmentVariable, inlineString, inlineBytes].filter((given) => given !== '').length !== 1)
    return `${where}: must specify exactly one of: Filename, EnvironmentVariable, InlineString or InlineBytes for JWKS' TrustedCA`;
  return isBase64(inlineBytes) ? undefined : `${where}.TrustedCA.InlineBytes must be valid base64 encoded string`;
}

/** Standard base64 with its padding; line breaks may stand anywhere. */
function isBase64(text: string): boolean {
  const plain = text.replace(/[\r\n]/g, '');
  return plain.length % 4 === 0 && /^[A-Za-z0-9+/]*={0,2}$/.test(plain);
}
