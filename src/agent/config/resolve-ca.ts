import { shortDuration } from '../../ca/index.js';
import { AppError } from '../../core/index.js';
import type { AgentConfig } from './agent-config.js';
import type { AgentOptions } from './options.js';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
/** Our leaves may be as short as a minute; Consul's limit is an hour. */
const SHORTEST_LEAF_MS = MINUTE_MS;

/** `connect.ca_config` with defaults filled in and rules checked. Throws AppError('invalidArgument' | 'unsupported'). */
export function resolveCa(connect: NonNullable<AgentOptions['connect']>): AgentConfig['ca'] {
  const given = connect.caConfig ?? {};
  const keyType = given.privateKeyType ?? 'ec';
  const leafTtlMs = given.leafCertTtlMs ?? 72 * HOUR_MS;
  const rootTtlMs = given.rootCertTtlMs ?? 87_600 * HOUR_MS;
  if (connect.caProvider && connect.caProvider !== 'consul')
    throw new AppError(
      'unsupported',
      `connect.ca_provider "${connect.caProvider}" is not implemented: leave it out for the built-in one`,
    );
  if (keyType !== 'ec' && keyType !== 'rsa')
    throw new AppError('invalidArgument', `connect.ca_config.private_key_type must be "ec" or "rsa", not "${keyType}"`);
  if (leafTtlMs < SHORTEST_LEAF_MS || leafTtlMs > rootTtlMs)
    throw new AppError('invalidArgument', 'connect.ca_config.leaf_cert_ttl must be between 1m and root_cert_ttl');
  const keyBits = given.privateKeyBits ?? (keyType === 'ec' ? 256 : 2048);
  if (!(keyType === 'ec' ? [256, 384, 521] : [2048, 4096]).includes(keyBits))
    throw new AppError(
      'invalidArgument',
      `connect.ca_config.private_key_bits ${keyBits} does not fit a key of type ${keyType}: use ${keyType === 'ec' ? '256, 384 or 521' : '2048 or 4096'}`,
    );
  const intermediateTtlMs = given.intermediateCertTtlMs ?? 8760 * HOUR_MS;
  const shown = {
    IntermediateCertTTL: shortDuration(intermediateTtlMs),
    LeafCertTTL: shortDuration(leafTtlMs),
    RootCertTTL: shortDuration(rootTtlMs),
    ...(given.privateKeyType === undefined ? {} : { PrivateKeyType: keyType }),
    ...(given.privateKeyBits === undefined ? {} : { PrivateKeyBits: keyBits }),
    ...(given.clusterId === undefined ? {} : { cluster_id: given.clusterId }),
  };
  return {
    ...{ clusterId: given.clusterId ?? '', leafTtlMs, rootTtlMs, intermediateTtlMs, keyType, keyBits },
    given: shown,
  };
}
