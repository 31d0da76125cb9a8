import type { HttpDeps } from '../../edges/http/index.js';
import { membersAsServers, membersAsVoters } from '../etcd-members.js';
import type { Membership } from '../membership.js';
import { singleServer } from '../single-server.js';
import type { Ground } from './ground.js';

/** The servers of the datacenter as operators see them, and what can be done with them here. */
export type OperatorView = Pick<HttpDeps, 'servers' | 'voters' | 'serverControl' | 'members' | 'keyring'>;

/** What this server can tell and do depends on who keeps the state, and on whether it has others. */
export function operatorView(ground: Ground, membership: Membership | undefined): OperatorView {
  const { config, store, cluster, member, external, clock, httpConfig } = ground;
  const startedAtMs = clock.now();
  const keyring = membership && cluster?.controlKeys(() => membership.keeper.list());
  return {
    servers: () =>
      cluster && member
        ? membersAsServers(config, member.etcd.members, cluster, store)
        : (membership?.servers() ?? [singleServer(httpConfig(), store.index, startedAtMs)]),
    ...(membership && { members: membership.control }),
    ...(keyring && { keyring }),
    ...(external && { voters: () => membersAsVoters(external.members), serverControl: external }),
    ...(member && { serverControl: member.etcd }),
  };
}
