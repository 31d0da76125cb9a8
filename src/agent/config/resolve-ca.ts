import { DEFAULT_LIFETIMES, KEY_BITS, shortDuration } from '../../ca/index.js';
import { AppError } from '../../core/index.js';
import type { AgentConfig } from './agent-config.js';
import type { AgentOptions, CaOptions } from './options.js';

/** Our leaves may be as short as a minute; Consul's limit is an hour. */
const SHORTEST_LEAF_MS = 60_000;

/** `connect.ca_config` with defaults filled in and rules checked. Throws AppError('invalidArgument' | 'unsupported'). */
export function resolveCa(connect: NonNullable<AgentOptions['connect']>): AgentConfig['ca'] {
  const given = connect.caConfig ?? {};
  const keyType = given.privateKeyType ?? 'ec';
  const leafTtlMs = given.leafCertTtlMs ?? DEFAULT_LIFETIMES.leafTtlMs;
  const rootTtlMs = given.rootCertTtlMs ?? DEFAULT_LIFETIMES.rootTtlMs;
  if (connect.caProvider && connect.caProvider !== 'consul')
    throw new AppError(
      'unsupported',
      `connect.ca_provider "${connect.caProvider}" is not implemented: leave it out for the built-in one`,
    );
  if (keyType !== 'ec' && keyType !== 'rsa')
    throw new AppError('invalidArgument', `connect.ca_config.private_key_type must be "ec" or "rsa", not "${keyType}"`);
  if (leafTtlMs < SHORTEST_LEAF_MS || leafTtlMs > rootTtlMs)
    throw new AppError('invalidArgument', 'connect.ca_config.leaf_cert_ttl must be between 1m and root_cert_ttl');
  const sizes = KEY_BITS[keyType];
  const keyBits = given.privateKeyBits ?? sizes[0];
  if (!sizes.includes(keyBits))
    throw new AppError(
      'invalidArgument',
      `connect.ca_config.private_key_bits ${keyBits} does not fit a key of type ${keyType}: use ${sizes.slice(0, -1).join(', ')} or ${sizes.at(-1)}`,
    );
  const own = ownRoot(given);
  const intermediateTtlMs = given.intermediateCertTtlMs ?? DEFAULT_LIFETIMES.intermediateTtlMs;
  const shown = {
    IntermediateCertTTL: shortDuration(intermediateTtlMs),
    LeafCertTTL: shortDuration(leafTtlMs),
    RootCertTTL: shortDuration(rootTtlMs),
    ...(given.privateKeyType === undefined ? {} : { PrivateKeyType: keyType }),
    ...(given.privateKeyBits === undefined ? {} : { PrivateKeyBits: keyBits }),
    ...(given.clusterId === undefined ? {} : { cluster_id: given.clusterId }),
    ...(own ? { PrivateKey: '', RootCert: own.certPem } : {}),
  };
  return {
    ...{ clusterId: given.clusterId ?? '', leafTtlMs, rootTtlMs, intermediateTtlMs, keyType, keyBits },
    ...(own && { own }),
    given: shown,
  };
}

function ownRoot({ rootCert = '', privateKey = '' }: CaOptions): AgentConfig['ca']['own'] {
  if (rootCert === '' && privateKey === '') return undefined;
  if (rootCert === '' || privateKey === '')
    throw new AppError(
      'invalidArgument',
      'connect.ca_config: private_key and root_cert belong together: give both, in PEM',
    );
  return { certPem: rootCert, privateKeyPem: privateKey };
}
