import type { ServerMember } from '../../discovery/operator/index.js';
import type { HttpDeps } from './http-deps.js';

/** Who votes about what is stored: the members of an etcd that others run, else the servers themselves. */
export function raftPeers({ voters, servers }: HttpDeps): readonly ServerMember[] {
  const known = voters?.() ?? [];
  return known.length > 0 ? known : servers();
}
