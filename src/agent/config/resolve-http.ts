import { AppError, isHeaderName, isHeaderValue, isNetwork } from '../../core/index.js';
import type { AgentConfig } from './agent-config.js';
import { atLeast } from './at-least.js';
import type { AgentOptions } from './options.js';

const MINUTE_MS = 60_000;
const HALF_MEBIBYTE = 524_288;

/** The options of the HTTP door with defaults filled in and rules checked. Throws AppError('invalidArgument'). */
export function resolveHttp(options: AgentOptions): AgentConfig['http'] {
  const { httpConfig = {}, limits = {}, unixSockets = {} } = options;
  for (const network of httpConfig.allowWriteHttpFrom ?? []) checkNetwork(network);
  const bytes = (option: string, value: number): number => {
    if (value < 0) throw new AppError('invalidArgument', `${option} cannot be negative`);
    return value;
  };
  if (unixSockets.mode && !/^0?[0-7]{3}$/.test(unixSockets.mode))
    throw new AppError('invalidArgument', `unix_sockets.mode must be octal such as "0660", not "${unixSockets.mode}"`);
  return {
    responseHeaders: checkedHeaders(httpConfig.responseHeaders ?? {}),
    blockEndpoints: httpConfig.blockEndpoints ?? [],
    allowWriteFrom: httpConfig.allowWriteHttpFrom ?? [],
    disableUnprintableCharFilter: options.disableHttpUnprintableCharFilter ?? false,
    kvMaxValueSize: bytes('limits.kv_max_value_size', limits.kvMaxValueSize ?? HALF_MEBIBYTE),
    txnMaxReqLen: bytes('limits.txn_max_req_len', limits.txnMaxReqLen ?? HALF_MEBIBYTE),
    sessionTtlMinMs: atLeast('session_ttl_min', options.sessionTtlMinMs ?? 10_000, 0),
    maxConnectionsPerClient: atLeast('limits.http_max_conns_per_client', limits.httpMaxConnsPerClient ?? 200, 0),
    maxHeaderBytes: bytes('http_config.max_header_bytes', httpConfig.maxHeaderBytes ?? 0),
    useCache: httpConfig.useCache ?? true,
    handshakeTimeoutMs: limits.httpsHandshakeTimeoutMs || 5000,
    unixSockets: { user: unixSockets.user ?? '', group: unixSockets.group ?? '', mode: unixSockets.mode ?? '' },
    defaultQueryTimeMs: options.defaultQueryTimeMs || 5 * MINUTE_MS,
    maxQueryTimeMs: options.maxQueryTimeMs || 10 * MINUTE_MS,
    discoveryMaxStaleMs: options.discoveryMaxStaleMs ?? 0,
  };
}

function checkNetwork(network: string): void {
  if (!isNetwork(network))
    throw new AppError(
      'invalidArgument',
      `http_config.allow_write_http_from takes networks such as 10.0.0.0/8, not "${network}"`,
    );
}

/** Header names and values that a response could not carry are refused at the start, not at the first answer. */
function checkedHeaders(headers: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  for (const [name, value] of Object.entries(headers))
    if (!isHeaderName(name) || !isHeaderValue(value))
      throw new AppError('invalidArgument', `http_config.response_headers: "${name}" is not a header that can be sent`);
  return headers;
}
