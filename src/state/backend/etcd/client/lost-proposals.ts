import { status } from '@grpc/grpc-js';
import type { Endpoint } from './endpoints.js';
import { EtcdError } from './etcd-error.js';

/** So long a member is left alone with a transaction. */
const PATIENCE_MS = 500;
const LOOK_EVERY_MS = 250;

interface Proposal {
  readonly endpoint: Endpoint;
  /** A key that the transaction names, so that this client may read it. */
  readonly key: Buffer;
  readonly sentMs: number;
  /** The newest term that was known when it was sent. */
  readonly term: number;
  readonly giveUp: (error: EtcdError) => void;
  /** Its leader was gone at the look before. */
  isSuspected: boolean;
}

interface LostProposalsParts {
  readonly now: () => number;
  readonly pause: (delayMs: number) => Promise<void>;
  /** The term that a member has reached, asked of nobody but itself. Rejects with EtcdError. */
  readonly termAt: (endpoint: Endpoint, key: Buffer) => Promise<number>;
}

/**
 * Notices transactions that will not be answered. A member passes a proposal on to the leader it believes in; when that one has died
 * the proposal is gone, and the member waits for it for many seconds. But once the member is in a newer term, everything of the term
 * before that still counts is applied there. So a transaction that is late is given up when its member has come to a newer term, or
 * does not answer at all. Whether it was applied is then for others to find out.
 */
export class LostProposals {
  readonly #parts: LostProposalsParts;
  readonly #open = new Set<Proposal>();
  #isLooking = false;

  constructor(parts: LostProposalsParts) {
    this.#parts = parts;
  }

  /** `giveUp` is called once at most. Returns what ends the watch over it. */
  watch(proposal: Pick<Proposal, 'endpoint' | 'key' | 'term' | 'giveUp'>): () => void {
    const open: Proposal = { ...proposal, sentMs: this.#parts.now(), isSuspected: false };
    this.#open.add(open);
    if (!this.#isLooking) void this.#look();
    return () => void this.#open.delete(open);
  }

  async #look(): Promise<void> {
    this.#isLooking = true;
    while (this.#open.size > 0) {
      await this.#parts.pause(LOOK_EVERY_MS);
      const late = [...this.#open].filter(({ sentMs }) => this.#parts.now() - sentMs >= PATIENCE_MS);
      const members = [...new Set(late.map(({ endpoint }) => endpoint))];
      await Promise.all(
        members.map((member) =>
          this.#ask(
            member,
            late.filter(({ endpoint }) => endpoint === member),
          ),
        ),
      );
    }
    this.#isLooking = false;
  }

  async #ask(endpoint: Endpoint, proposals: readonly Proposal[]): Promise<void> {
    const [{ key }] = proposals as [Proposal];
    try {
      const term = await this.#parts.termAt(endpoint, key);
      for (const proposal of proposals)
        if (term > proposal.term && proposal.isSuspected)
          this.#giveUp(proposal, new LostProposal(status.CANCELLED, 'its leader has changed', endpoint.name));
        else proposal.isSuspected = term > proposal.term;
    } catch (thrown) {
      // Not this error: what a question without an answer changed is another matter.
      const error = new EtcdError(status.DEADLINE_EXCEEDED, 'it does not answer', endpoint.name);
      if (EtcdError.from(thrown, endpoint.name).isOfEndpoint)
        for (const proposal of proposals) this.#giveUp(proposal, error);
    }
  }

  #giveUp(proposal: Proposal, error: EtcdError): void {
    if (this.#open.delete(proposal)) proposal.giveUp(error);
  }
}

/** The member is well, but what it was given went to a leader that is gone. */
export class LostProposal extends EtcdError {}
