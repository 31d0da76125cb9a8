import type { ServerPeer } from '../../../src/cluster/index.js';

/** A server of this name as others know it. */
export const peerOf = (name: string, draining = false): ServerPeer => ({
  id: `id-${name}`,
  name,
  address: `${name}:8300`,
  version: '1.21.4',
  datacenter: 'dc1',
  draining,
  tags: {},
});
