import type { AgentFacts } from '../../../src/cluster/index.js';

/** What an agent of this name tells of itself. */
export const factsOf = (nodeName: string): AgentFacts => ({
  nodeName,
  nodeId: '11111111-2222-3333-4444-555555555555',
  address: '10.0.0.2',
  port: 8301,
  datacenter: 'dc1',
  version: '1.21.4',
  taggedAddresses: {},
  nodeMeta: {},
  tags: { role: 'node', dc: 'dc1' },
  reconnectTimeoutMs: 0,
});
