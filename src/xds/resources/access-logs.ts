import type { AccessLogSettings } from '../../model/index.js';
import { type PackedAny, packAny } from '../envoy-api/index.js';
import type { AccessLog } from '../envoy-api/generated/envoy/config/accesslog/v3/AccessLog.js';
import { toStruct } from './struct.js';

const LISTENER_LOG = 'Consul Listener Log';
const FILTER_LOG = 'Consul Listener Filter Log';

/** Keys of the default JSON format (consul-behaviour 6.13). */
const defaultFormat = {
  start_time: '%START_TIME%',
  route_name: '%ROUTE_NAME%',
  method: '%REQ(:METHOD)%',
  path: '%REQ(X-ENVOY-ORIGINAL-PATH?:PATH)%',
  protocol: '%PROTOCOL%',
  response_code: '%RESPONSE_CODE%',
  response_flags: '%RESPONSE_FLAGS%',
  response_code_details: '%RESPONSE_CODE_DETAILS%',
  connection_termination_details: '%CONNECTION_TERMINATION_DETAILS%',
  bytes_received: '%BYTES_RECEIVED%',
  bytes_sent: '%BYTES_SENT%',
  duration: '%DURATION%',
  upstream_service_time: '%RESP(X-ENVOY-UPSTREAM-SERVICE-TIME)%',
  x_forwarded_for: '%REQ(X-FORWARDED-FOR)%',
  user_agent: '%REQ(USER-AGENT)%',
  request_id: '%REQ(X-REQUEST-ID)%',
  authority: '%REQ(:AUTHORITY)%',
  upstream_host: '%UPSTREAM_HOST%',
  upstream_cluster: '%UPSTREAM_CLUSTER%',
  upstream_local_address: '%UPSTREAM_LOCAL_ADDRESS%',
  downstream_local_address: '%DOWNSTREAM_LOCAL_ADDRESS%',
  downstream_remote_address: '%DOWNSTREAM_REMOTE_ADDRESS%',
  requested_server_name: '%REQUESTED_SERVER_NAME%',
  upstream_transport_failure_reason: '%UPSTREAM_TRANSPORT_FAILURE_REASON%',
};

/** Access logs of a tcp_proxy or HTTP connection manager; none unless they are switched on. */
export function filterAccessLogs(settings: AccessLogSettings | undefined): AccessLog[] {
  return settings?.enabled ? [{ name: FILTER_LOG, typed_config: sink(settings) }] : [];
}

/** Access logs of a listener: only connections that no filter chain matched. */
export function listenerAccessLogs(settings: AccessLogSettings | undefined): AccessLog[] {
  if (!settings?.enabled || settings.disableListenerLogs) return [];
  return [{ name: LISTENER_LOG, filter: { response_flag_filter: { flags: ['NR'] } }, typed_config: sink(settings) }];
}

function sink(settings: AccessLogSettings): PackedAny {
  const log_format = format(settings);
  if (settings.type === 'file')
    return packAny('envoy.extensions.access_loggers.file.v3.FileAccessLog', { path: settings.path, log_format });
  return settings.type === 'stderr'
    ? packAny('envoy.extensions.access_loggers.stream.v3.StderrAccessLog', { log_format })
    : packAny('envoy.extensions.access_loggers.stream.v3.StdoutAccessLog', { log_format });
}

function format({ textFormat, jsonFormat }: AccessLogSettings) {
  if (textFormat !== '') {
    const line = textFormat.endsWith('\n') ? textFormat : `${textFormat}\n`;
    return { text_format_source: { inline_string: line } };
  }
  return { json_format: toStruct(jsonObject(jsonFormat) ?? defaultFormat) };
}

/** undefined for anything but an object; the entry's own check refuses that, a registration's does not. */
function jsonObject(text: string): Readonly<Record<string, unknown>> | undefined {
  if (text === '') return undefined;
  try {
    const parsed: unknown = JSON.parse(text);
    return typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed)
      ? (parsed as Readonly<Record<string, unknown>>)
      : undefined;
  } catch {
    return undefined;
  }
}
