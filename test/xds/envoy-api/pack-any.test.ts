import { beforeAll, describe, expect, it } from 'vitest';
import {
  checkEncoding,
  decodeAnyDeep,
  encodeMessage,
  findLosses,
  loadEnvoyApi,
  packAny,
} from '../../../src/xds/envoy-api/index.js';

const CLUSTER = 'envoy.config.cluster.v3.Cluster';
beforeAll(() => void loadEnvoyApi());

describe('encoding for Envoy', () => {
  it('packs messages inside messages and opens them again', () => {
    const tls = packAny('envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext', { sni: 'api.default' });
    const any = packAny(CLUSTER, { name: 'api', type: 'EDS', transport_socket: { name: 'tls', typed_config: tls } });
    expect(decodeAnyDeep(any)).toMatchObject({
      '@type': `type.googleapis.com/${CLUSTER}`,
      name: 'api',
      type: 'EDS',
      transport_socket: { typed_config: { '@type': tls.type_url, sni: 'api.default' } },
    });
  });

  it('finds nothing lost in a message that is right, zero values and wrappers included', () => {
    const message = {
      name: 'api',
      type: 'STATIC',
      connect_timeout: { seconds: 5, nanos: 0 },
      common_lb_config: { healthy_panic_threshold: { value: 0 } },
      circuit_breakers: { thresholds: [{ max_connections: { value: 3 } }] },
      metadata: { filter_metadata: { mesh: { fields: { epoch: { numberValue: 7 } } } } },
    } as const;
    expect(findLosses(CLUSTER, message)).toEqual([]);
  });

  it.each([
    ['a misspelt field', { name: 'api', conect_timeout: { seconds: 5 } }, /conect_timeout is not a field/],
    ['a field in camelCase', { connectTimeout: { seconds: 5 } }, /connectTimeout is not a field/],
    ['an unknown enum word', { type: 'EDDS' }, /type: EDDS is not a value/],
    [
      'a misspelt field deep inside',
      { circuit_breakers: { thresholds: [{ max_conections: { value: 3 } }] } },
      /thresholds\[0\]\.max_conections/,
    ],
    [
      'a Struct in snake_case',
      { metadata: { filter_metadata: { m: { fields: { e: { number_value: 1 } } } } } },
      /number_value/,
    ],
  ])('names %s, which the encoder would drop silently', (_what, message, problem) => {
    expect(findLosses(CLUSTER, message).join('\n')).toMatch(problem);
  });

  it('refuses to encode what would be lost while checking is on', () => {
    checkEncoding(true);
    expect(() => encodeMessage(CLUSTER, { nam: 'x' } as object)).toThrow(/nam is not a field/);
    checkEncoding(false);
  });

  it('refuses a type whose file is not loaded and says where to add it', () => {
    expect(() => packAny('envoy.config.nothing.v3.Nothing' as typeof CLUSTER, {})).toThrow(/envoy-api\.json/);
  });
});
