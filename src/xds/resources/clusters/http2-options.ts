import { packAny } from '../../envoy-api/index.js';

const HTTP_OPTIONS = 'envoy.extensions.upstreams.http.v3.HttpProtocolOptions';

/** Whether requests of this protocol are HTTP/2. */
export const usesHttp2 = (protocol: string): boolean => protocol === 'http2' || protocol === 'grpc';

/** Options of a cluster: HTTP/2 towards where a cluster leads, for protocols whose requests are HTTP/2 (consul-behaviour 6.4). */
export function http2Options(protocol: string) {
  if (!usesHttp2(protocol)) return undefined;
  const options = packAny(HTTP_OPTIONS, { explicit_http_config: { http2_protocol_options: {} } });
  return { [HTTP_OPTIONS]: options };
}
