import type { AgentConfig } from '../../agent/config/index.js';
import type { AgentFacts } from '../../cluster/index.js';
import { type HttpConfig, memberTags } from '../../edges/http/index.js';
import { API_VERSION, OWN_META } from '../versions.js';

/** What a client agent tells its servers of itself; `http` with what a reload has changed. */
export function memberFactsOf(config: AgentConfig, http: HttpConfig): AgentFacts {
  return {
    nodeName: config.nodeName,
    nodeId: http.nodeId,
    address: config.advertiseAddress,
    port: config.ports.serfLan,
    datacenter: config.datacenter,
    version: API_VERSION,
    taggedAddresses: config.taggedAddresses,
    nodeMeta: { ...OWN_META, ...http.nodeMeta },
    tags: memberTags(http),
    reconnectTimeoutMs: config.cluster.advertiseReconnectTimeoutMs,
  };
}
