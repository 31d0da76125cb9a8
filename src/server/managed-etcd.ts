import { join } from 'node:path';
import type { AgentConfig } from '../agent/config/index.js';
import { createEtcdCredentials } from '../cluster/index.js';
import { findEtcd, ManagedEtcd } from '../cluster/managed-etcd/index.js';
import { AppError, type Clock } from '../core/index.js';
import { autopilotCell } from '../discovery/operator/index.js';
import type { StateStore } from '../state/index.js';
import type { Logger } from '../telemetry/index.js';
import type { OpenCluster } from './open-cluster.js';

/** The etcd member beside this server, running, with its certificates renewed. */
export interface RunningMember {
  readonly etcd: ManagedEtcd;
  /** Autopilot's settings hold from now on. */
  obey(store: StateStore): void;
  stop(): Promise<void>;
}

const JOIN_EVERY_MS = 5000;
const HEARTBEAT_MS = 100;
const ELECTION_MS = 1000;

interface MemberParts {
  readonly nodeId: string;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Told what the start waits for. */
  readonly onWaiting: (text: string) => void;
}

/** Runs the member that the configuration asks for; resolves once it votes. Throws AppError. */
export async function startMember(
  config: AgentConfig,
  cluster: OpenCluster,
  { nodeId, clock, logger, onWaiting }: MemberParts,
): Promise<RunningMember> {
  const { member, allowOld, compactionIntervalMs } = config.state.etcd;
  if (!member) throw new AppError('internal', 'no etcd member is configured');
  const { nodeName, datacenter, advertiseAddress, bindAddress, dataDir } = config;
  const { peers } = cluster;
  const { bootstrapExpect, retryJoin, startJoin } = config.cluster;
  const { keyring } = cluster;
  if (keyring === undefined)
    throw new AppError(
      'invalidArgument',
      'state.etcd.manage makes the certificates of etcd from the cluster key: make one with "meshwright keygen" and give the same to all servers with -encrypt',
    );
  const addresses = [...new Set([...startJoin, ...retryJoin])];
  const hasList = addresses.length > 0;
  const binary = await findEtcd(member.binary, { allowOld });
  const names = [advertiseAddress, bindAddress];
  const credentials = createEtcdCredentials(keyring, { datacenter, node: nodeName, names }, clock);
  const etcd = new ManagedEtcd({
    binary,
    settings: {
      binary: binary.path,
      bindAddress,
      advertiseAddress,
      peerPort: member.peerPort,
      clientPort: member.clientPort,
      quotaBytes: member.quotaBytes,
      heartbeatMs: HEARTBEAT_MS,
      electionMs: ELECTION_MS,
      autoCompaction: compactionIntervalMs === 0,
      serverName: `server.${datacenter}.consul`,
    },
    folder: join(dataDir, 'etcd'),
    self: { id: nodeId, node: nodeName, datacenter, address: peers.self().address },
    // Alone and without anybody to join, it is the cluster.
    expect: bootstrapExpect > 0 || hasList ? bootstrapExpect : 1,
    credentials: credentials.current(),
    others: {
      list: () => peers.all().filter(({ id }) => id !== nodeId),
      // Names are being looked up: until then nobody can be behind them.
      joined: () => (hasList && peers.joined().length === 0 ? [null] : peers.joined()),
      ask: (server, name, body, timeoutMs) => peers.ask(withDetails(server), name, body, timeoutMs),
      answer: (name, handler) => peers.answer(name, handler),
    },
    clock,
    logger: logger.child({ room: 'etcd' }),
    onWaiting,
  });
  const stopRenewing = credentials.onChange(() => etcd.renew(credentials.current()));
  const stopWaiting = keyring.onChange(() => etcd.settled());
  etcd.obey(() => ({ cleanupDeadServers: true, deadAfterMs: member.deadAfterMs, minQuorum: 0 }));
  const stop = async (): Promise<void> => {
    stopRenewing();
    stopWaiting();
    credentials.close();
    await etcd.stop();
  };
  const stopJoining = keepJoining(addresses, cluster, clock, logger);
  try {
    await etcd.start();
  } catch (thrown) {
    await stop();
    throw thrown;
  } finally {
    stopJoining();
  }
  return {
    etcd,
    obey: (store) =>
      etcd.obey(() => {
        const { cleanupDeadServers, minQuorum } = store.read(autopilotCell, '').value;
        return { cleanupDeadServers, minQuorum, deadAfterMs: member.deadAfterMs };
      }),
    stop,
  };
}

/** Asks the join addresses until each has answered: before that no cluster is founded. */
function keepJoining(addresses: readonly string[], { peers }: OpenCluster, clock: Clock, logger: Logger): () => void {
  let cancel = (): void => undefined;
  let isOver = addresses.length === 0;
  const attempt = async (): Promise<void> => {
    await peers
      .join(addresses)
      .catch((thrown: unknown) => logger.info({ room: 'cluster' }, `joining failed: ${AppError.from(thrown).message}`));
    if (!isOver && peers.joined().includes(null)) cancel = clock.after(JOIN_EVERY_MS, () => void attempt());
  };
  if (!isOver) void attempt();
  return () => {
    isOver = true;
    cancel();
  };
}

const withDetails = (server: { readonly id: string; readonly name: string; readonly address: string }) => ({
  ...server,
  version: '',
  datacenter: '',
  draining: false,
  tags: {},
});
