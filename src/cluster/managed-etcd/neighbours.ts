import type { Clock } from '../../core/index.js';
import { decodeIntroduction, encodeIntroduction, INTRODUCTION } from './introduction.js';
import type { FormingState, Introduction } from './forming.js';
import { clientUrlOf, type MemberSettings, peerUrlOf } from './member-arguments.js';
import type { MemberRecord } from './member-folder.js';
import type { OtherServers } from './other-servers.js';

const ASK_MS = 2000;
/** A server that waits to join asks more often than that. */
const NEWCOMER_MS = 10_000;

/** This server as the others know it. */
export interface OwnServer {
  readonly id: string;
  readonly node: string;
  readonly datacenter: string;
  readonly address: string;
}

export interface NeighboursParts {
  readonly self: OwnServer;
  readonly settings: MemberSettings;
  /** `bootstrap_expect`; 0 = join only. */
  readonly expect: number;
  readonly others: OtherServers;
  readonly clock: Clock;
  /** What this server must not forget. */
  readonly record: () => MemberRecord;
  /** Whether its own member is part of the cluster and answers, and of which cluster it is. */
  readonly member: () => { readonly isRunning: boolean; readonly clusterId: string | undefined };
}

/** The other servers, as they and this one introduce themselves to each other while the cluster forms, and later. */
export class Neighbours {
  readonly #parts: NeighboursParts;
  /** When a server last introduced itself that is not a member. */
  readonly #newcomers = new Map<string, number>();
  #stopAnswering: () => void = () => undefined;
  /** The plan that the others are asked to promise. */
  proposal: FormingState['proposal'];

  constructor(parts: NeighboursParts) {
    this.#parts = parts;
  }

  /** Introduces this server to whoever does so himself. */
  answer(): void {
    const { others, clock } = this.#parts;
    this.#stopAnswering = others.answer(INTRODUCTION, (body) => {
      const other = decodeIntroduction(body);
      if (other.running) this.#newcomers.delete(other.id);
      else this.#newcomers.set(other.id, clock.now());
      return Promise.resolve(encodeIntroduction(this.#introduction()));
    });
  }

  /** What all others that answer say of themselves. */
  async ask(): Promise<readonly Introduction[]> {
    const { others, self } = this.#parts;
    const own = encodeIntroduction(this.#introduction());
    const answers = await Promise.all(
      others
        .list()
        .map((peer) => others.ask(peer, INTRODUCTION, own, ASK_MS).then(decodeIntroduction, () => undefined)),
    );
    return answers.flatMap((answer) => (answer && answer.id !== self.id ? [answer] : []));
  }

  /** Whether a server that is none of these members has asked lately. */
  someoneWaits(members: readonly { readonly name: string }[]): boolean {
    const lately = this.#parts.clock.now() - NEWCOMER_MS;
    for (const [id, atMs] of this.#newcomers) if (atMs < lately) this.#newcomers.delete(id);
    return [...this.#newcomers.keys()].some((id) => members.every(({ name }) => name !== id));
  }

  close(): void {
    this.#stopAnswering();
  }

  #introduction(): Introduction {
    const { self, expect, others, settings, record, member } = this.#parts;
    const { promise, decided } = record();
    const { isRunning, clusterId } = member();
    return {
      ...self,
      peerUrl: peerUrlOf(settings),
      clientUrl: clientUrlOf(settings),
      expect,
      joined: others.joined(),
      ...(this.proposal && { proposal: this.proposal }),
      ...(promise && { promise }),
      ...(decided && { decided }),
      running: isRunning,
      ...(clusterId !== undefined && { cluster: clusterId }),
    };
  }
}
