import { describe, expect, test } from 'vitest';
import { decodePlain, encodeMessage, findLosses, packAny } from '../../../src/xds/envoy-api/index.js';

const CLUSTER = 'envoy.config.cluster.v3.Cluster';

describe('a message decoded to be changed', () => {
  const cluster = {
    name: 'a',
    type: 'EDS',
    connect_timeout: { seconds: '5', nanos: 0 },
    common_lb_config: { healthy_panic_threshold: { value: 0 } },
    metadata: { filter_metadata: { meshwright: { fields: { epoch: { numberValue: 7 } } } } },
    typed_extension_protocol_options: {
      'envoy.extensions.upstreams.http.v3.HttpProtocolOptions': packAny(
        'envoy.extensions.upstreams.http.v3.HttpProtocolOptions',
        { explicit_http_config: { http2_protocol_options: {} } },
      ),
    },
  } as const;

  test('has only fields, and is encoded to the same bytes', () => {
    const bytes = encodeMessage(CLUSTER, cluster);
    const plain = decodePlain(CLUSTER, bytes);
    expect(findLosses(CLUSTER, plain)).toEqual([]);
    expect(encodeMessage(CLUSTER, plain)).toEqual(bytes);
    expect(Object.keys(plain)).not.toContain('cluster_discovery_type');
    expect(plain.metadata).toEqual(cluster.metadata);
  });
});
