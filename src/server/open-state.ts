import type { AgentConfig } from '../agent/config/index.js';
import { type ExternalEtcd, watchExternalEtcd } from '../cluster/etcd-members/index.js';
import type { AppError, Clock } from '../core/index.js';
import { type Backend, createStateStore, type StateStore } from '../state/index.js';
import type { Logger } from '../telemetry/index.js';
import { type RunningMember, startMember } from './managed-etcd.js';
import { openWaitingDoor } from './doors/waiting-door.js';
import { createBackend, externalConnection } from './open-backend.js';
import { type OpenCluster, openCluster } from './open-cluster.js';

/** The state, with what had to be there before it. */
export interface OpenState {
  readonly store: StateStore;
  readonly backend: Backend;
  /** Absent where there is no cluster key. */
  readonly cluster: OpenCluster | undefined;
  /** Absent where this server runs no etcd. */
  readonly member: RunningMember | undefined;
  /** The etcd that others run; absent where the state is not in one. */
  readonly external: ExternalEtcd | undefined;
  /** Closes the store, then the member; `leaves`: the member goes for good. The door is closed by who opened all others. */
  closeState(leaves: boolean): Promise<void>;
}

interface OpenStateParts {
  readonly nodeId: string;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly onProblem: (error: AppError) => void;
}

/** Opens the cluster door, then the etcd member where one is to run, then the state. Throws AppError; then nothing is left open. */
export async function openState(config: AgentConfig, parts: OpenStateParts): Promise<OpenState> {
  const { clock, onProblem } = parts;
  const closers: ((leaves: boolean) => Promise<void>)[] = [];
  let cluster: OpenCluster | undefined;
  const closeState = async (leaves: boolean): Promise<void> => {
    for (const close of closers.splice(0).reverse()) await close(leaves);
  };
  // Timers of pauses keep no process alive, nor does a connection on which nobody waits: without this the process would end in one.
  const alive = setInterval(() => undefined, 60_000);
  try {
    cluster = await openCluster(config, parts);
    let waitsFor = 'the state is being opened';
    const closeWaiting = config.state.backend === 'etcd' ? await openWaitingDoor(config, () => waitsFor) : undefined;
    closers.push(async () => closeWaiting?.());
    const onWaiting = (text: string): void => {
      waitsFor = text;
    };
    const member =
      cluster && config.state.etcd.member ? await startMember(config, cluster, { ...parts, onWaiting }) : undefined;
    closers.push(async (leaves) => {
      if (leaves) await member?.etcd.leave();
      await member?.stop();
    });
    const connection = member?.etcd.connection;
    const backend = await createBackend(config, { ...parts, ...(connection && { connection }) });
    const store = createStateStore({
      backend,
      clock,
      random: Math.random,
      verifyEveryMs: config.state.verifyIntervalMs,
      onProblem,
    });
    closers.push(() => store.close());
    await store.ready;
    member?.obey(store);
    let external: ExternalEtcd | undefined;
    if (config.state.backend === 'etcd' && !member) {
      const info = (message: string): void => parts.logger.info({ room: 'etcd' }, message);
      external = watchExternalEtcd(externalConnection(config.state.etcd), { clock, info });
      closers.push(() => Promise.resolve(external?.close()));
    }
    await closeWaiting?.();
    return { store, backend, cluster, member, external, closeState };
  } catch (thrown) {
    await closeState(false);
    await cluster?.close();
    throw thrown;
  } finally {
    clearInterval(alive);
  }
}
