import { AppError, patiently, pauseOn } from '../../core/index.js';
import type { Membership } from '../membership.js';
import type { OwnLocalAgent } from '../own-node.js';
import type { Ground } from './ground.js';
import { registerServer } from './own-registration.js';

const LONGEST_LEAVE_MS = 10_000;
/** Of a server that was to leave, and stays: to be in the catalog again. */
const LONGEST_RETURN_MS = 5 * 60_000;

/** How a server goes, and how it comes back when it has to stay. */
export class Departure {
  readonly #ground: Ground;
  readonly #agent: OwnLocalAgent;
  #hasLeft = false;

  constructor(ground: Ground, agent: OwnLocalAgent) {
    this.#ground = ground;
    this.#agent = agent;
  }

  get hasLeft(): boolean {
    return this.#hasLeft;
  }

  /** A server that is alone has nobody to tell, and keeps its place in its own state. */
  async leave(membership: Membership | undefined): Promise<void> {
    if (membership !== undefined) await this.#leaveOthers(membership);
    this.#hasLeft = true;
  }

  /** It was taken for one that leaves, and stays. */
  stay(): void {
    const { cluster, clock, warn } = this.#ground;
    cluster?.setDraining(false);
    this.#agent.resumeCopying();
    const comeBack = (): Promise<void> => registerServer(this.#ground);
    patiently(comeBack, { clock, withinMs: LONGEST_RETURN_MS, pauseMs: 1000, mends: () => !this.#hasLeft }).catch(
      (thrown: unknown) => warn(`this server may be missing in the catalog: ${AppError.from(thrown).message}`),
    );
  }

  async #leaveOthers(membership: Membership): Promise<void> {
    const { cluster, clock, config } = this.#ground;
    const { leaveDrainMs } = config.cluster;
    cluster?.setDraining(true);
    const others = membership.servers().some(({ status }, position) => position > 0 && status === 'alive');
    if (others && leaveDrainMs > 0) await pauseOn(clock, leaveDrainMs);
    if (config.state.backend !== 'etcd') return this.#agent.close();
    // What has left must not be copied anew; checks go on, for it may have to stay.
    await this.#agent.pauseCopying();
    // Without a majority of etcd nobody can be taken out; whoever wants to end shall not wait for it.
    await membership.keeper.leave(LONGEST_LEAVE_MS);
  }
}
