import type { AgentConfig } from '../agent/config/index.js';
import type { HttpConfig } from '../edges/http/index.js';
import { debugConfigOf } from './debug-config.js';
import { API_VERSION, OWN_META, SUPPORTED_ENVOYS } from './versions.js';

interface Made {
  readonly nodeId: string;
  readonly ports: AgentConfig['ports'];
  readonly value: HttpConfig;
}

/** By the configuration it was made from: it is asked for by every request. */
const made = new WeakMap<AgentConfig, Made>();

/** What the HTTP edge is told about this agent; the same object until the configuration or a port is another. */
export function httpConfigOf(config: AgentConfig, nodeId: string, ports: AgentConfig['ports']): HttpConfig {
  const known = made.get(config);
  if (known?.nodeId === nodeId && isSame(known.ports, ports)) return known.value;
  const value = makeHttpConfig(config, nodeId, ports);
  made.set(config, { nodeId, ports: { ...ports }, value });
  return value;
}

function isSame(left: AgentConfig['ports'], right: AgentConfig['ports']): boolean {
  for (const name in right)
    if (left[name as keyof AgentConfig['ports']] !== right[name as keyof AgentConfig['ports']]) return false;
  return true;
}

function makeHttpConfig(config: AgentConfig, nodeId: string, ports: AgentConfig['ports']): HttpConfig {
  const { http, https, dns, grpc, grpcTls, server, serfLan, serfWan } = ports;
  return {
    nodeName: config.nodeName,
    nodeId,
    datacenter: config.datacenter,
    primaryDatacenter: config.primaryDatacenter,
    server: config.server,
    devMode: config.devMode,
    version: API_VERSION,
    revision: '',
    buildDate: '1970-01-01T00:00:01Z',
    advertiseAddress: config.advertiseAddress,
    ports: { http, https, dns, grpc, grpcTls, server, serfLan, serfWan },
    nodeMeta: { ...OWN_META, ...config.nodeMeta },
    defaultAclPolicy: config.defaultAclPolicy,
    aclEnabled: config.aclEnabled,
    defaultIntentionPolicy: config.defaultIntentionPolicy,
    supportedEnvoyVersions: SUPPORTED_ENVOYS,
    responseHeaders: config.http.responseHeaders,
    blockEndpoints: config.http.blockEndpoints,
    allowWriteHttpFrom: config.http.allowWriteFrom,
    disableCoordinates: config.disableCoordinates,
    disableUnprintableCharFilter: config.http.disableUnprintableCharFilter,
    kvMaxValueSize: config.http.kvMaxValueSize,
    txnMaxReqLen: config.http.txnMaxReqLen,
    requestLimits: config.requestLimits,
    enableDebug: config.enableDebug,
    useCache: config.http.useCache,
    dataDir: config.dataDir,
    sessionTtlMinMs: config.http.sessionTtlMinMs,
    maxConnectionsPerClient: config.http.maxConnectionsPerClient,
    defaultQueryTimeMs: config.http.defaultQueryTimeMs,
    maxQueryTimeMs: config.http.maxQueryTimeMs,
    discoveryMaxStaleMs: config.http.discoveryMaxStaleMs,
    bootstrapEntries: config.bootstrapEntries,
    uiContentPath: '',
    ...(config.metricsProxy ? { metricsProxy: config.metricsProxy } : {}),
    debugConfig: debugConfigOf(config, nodeId, ports),
  };
}
