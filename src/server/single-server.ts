import { formatHostPort } from '../core/index.js';
import type { ServerMember } from '../discovery/operator/index.js';
import type { HttpConfig } from '../edges/http/index.js';

/** This server where it is the only one: its own leader, never out of contact. `startedAtMs` is since when it has been so. */
export function singleServer(
  config: Pick<HttpConfig, 'nodeId' | 'nodeName' | 'advertiseAddress' | 'ports' | 'version'>,
  lastIndex: number,
  startedAtMs: number,
): ServerMember {
  return {
    id: config.nodeId,
    name: config.nodeName,
    address: formatHostPort({ host: config.advertiseAddress, port: config.ports.server }),
    version: config.version,
    status: 'alive',
    leader: true,
    voter: true,
    lastContactMs: 0,
    lastTerm: 1,
    lastIndex,
    stableSinceMs: startedAtMs,
    meta: {},
  };
}
