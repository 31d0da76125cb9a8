import type { AgentConfig } from '../agent/config/index.js';
import {
  type AgentFacts,
  createLiveness,
  createMemberKeeper,
  type Duties,
  type MemberKeeper,
} from '../cluster/index.js';
import { AppError, type Clock } from '../core/index.js';
import type { ServerMember } from '../discovery/operator/index.js';
import { type HttpConfig, type MemberControl, memberTags } from '../edges/http/index.js';
import type { LiveArea, StateStore } from '../state/index.js';
import { knownServers } from './known-servers.js';
import type { OpenCluster } from './open-cluster.js';
import { API_VERSION } from './versions.js';

const DUTY = 'membership';

/** Who belongs to the datacenter, as this server's other parts see it. */
export interface Membership {
  readonly keeper: MemberKeeper;
  readonly control: MemberControl;
  servers(): readonly ServerMember[];
}

export interface MembershipParts {
  readonly config: AgentConfig;
  /** With what a reload may have changed. */
  readonly httpConfig: () => HttpConfig;
  readonly store: StateStore;
  readonly live: LiveArea;
  readonly duties: Duties;
  readonly cluster: Pick<OpenCluster, 'peers' | 'keyring'> | undefined;
  /** See MemberKeeperParts. */
  readonly onStay: () => void;
  readonly clock: Clock;
  readonly warn: (message: string) => void;
}

/** Membership of a server that has others, or may have: it has a cluster door, or shares its state. Undefined for one that is alone. */
export function createMembership(parts: MembershipParts): Membership | undefined {
  const { config, httpConfig, store, live, duties, cluster, onStay, clock, warn } = parts;
  if (cluster === undefined && config.state.backend !== 'etcd') return undefined;
  const keyring = cluster?.keyring;
  const keeper = createMemberKeeper({
    store,
    liveness: createLiveness(live),
    take: (start) => duties.take(DUTY, start),
    self: () => factsOf(config, httpConfig()),
    ...(cluster && { met: (doors) => cluster.peers.learn(doors) }),
    ...(keyring && { keys: () => keyring.marks }),
    reconnectTimeoutMs: config.cluster.reconnectTimeoutMs,
    onStay,
    clock,
    warn,
  });
  cluster?.peers.reportIndex(() => store.index);
  const leader = (): string | undefined => duties.holders().find(({ duty }) => duty === DUTY)?.server;
  return {
    keeper,
    control: {
      list: () => keeper.list(),
      forceLeave: (node, options) => keeper.forceLeave(node, options),
      async join(address) {
        if (cluster === undefined)
          throw new AppError('unsupported', `cannot join ${address}: this server has no cluster key (-encrypt)`);
        await cluster.peers.join([address]);
      },
    },
    servers: () =>
      knownServers(keeper.list(), leader(), {
        id: httpConfig().nodeId,
        index: store.index,
        indexOf: (id) => cluster?.peers.indexOf(id),
      }),
  };
}

function factsOf(config: AgentConfig, httpConfig: HttpConfig): AgentFacts {
  const { nodeName, nodeId, advertiseAddress: address, ports } = httpConfig;
  return {
    nodeName,
    nodeId,
    address,
    port: ports.serfLan,
    datacenter: config.datacenter,
    version: API_VERSION,
    taggedAddresses: config.taggedAddresses,
    nodeMeta: httpConfig.nodeMeta,
    tags: memberTags(httpConfig),
    reconnectTimeoutMs: 0,
  };
}
