import { type Clock, pauseOn } from '../../core/index.js';
import {
  type ClusterMember,
  EtcdClient,
  type EtcdConnection,
  type StatusResponse,
} from '../../state/backend/etcd/client/index.js';

/** A member with what it says of itself. */
export interface MemberStatus {
  /** etcd's id of it. */
  readonly id: string;
  /** Of a managed one the node id of its server; empty until it has started for the first time. */
  readonly name: string;
  readonly peerUrls: readonly string[];
  readonly clientUrls: readonly string[];
  readonly isLearner: boolean;
  readonly isLeader: boolean;
  /** How long it has not answered; 0 = it answers. */
  readonly silentMs: number;
  /** Since when it answers, or does not; ms since the epoch. */
  readonly sinceMs: number;
  readonly version: string;
  readonly term: number;
  /** The newest entry of the log that it has. */
  readonly raftIndex: number;
  /** The newest entry of the log that it has applied. */
  readonly appliedIndex: number;
  readonly dbSizeBytes: number;
  readonly dbInUseBytes: number;
  /** What the file may grow to; 0 = it does not say. */
  readonly quotaBytes: number;
  /** NOSPACE, CORRUPT */
  readonly alarms: readonly string[];
}

/** Asks every member how it is, each over a connection of its own, and remembers since when it has been silent. */
export class MemberWatch {
  readonly #reach: (url: string) => EtcdConnection;
  readonly #clock: Clock;
  readonly #clients = new Map<string, EtcdClient>();
  readonly #silentSince = new Map<string, number>();
  readonly #answersSince = new Map<string, number>();

  /** `reach` says how a member is spoken to. */
  constructor(reach: (url: string) => EtcdConnection, clock: Clock) {
    [this.#reach, this.#clock] = [reach, clock];
  }

  async look(members: readonly ClusterMember[]): Promise<readonly MemberStatus[]> {
    const answers = await Promise.all(members.map((member) => this.#ask(member)));
    const urls = new Set(members.flatMap(({ clientURLs }) => clientURLs));
    for (const [url, client] of this.#clients)
      if (!urls.has(url)) {
        client.close();
        this.#clients.delete(url);
      }
    const now = this.#clock.now();
    const leader = answers.find((answer) => answer && answer.leader !== '0')?.leader;
    return members.map((member, at) => {
      const answer = answers[at];
      const [here, there] = answer ? [this.#answersSince, this.#silentSince] : [this.#silentSince, this.#answersSince];
      there.delete(member.ID);
      if (!here.has(member.ID)) here.set(member.ID, now);
      const sinceMs = here.get(member.ID) ?? now;
      return {
        id: member.ID,
        name: member.name,
        peerUrls: member.peerURLs,
        clientUrls: member.clientURLs,
        isLearner: member.isLearner,
        isLeader: member.ID === leader,
        silentMs: answer ? 0 : Math.max(1, now - sinceMs),
        sinceMs,
        version: answer?.version ?? '',
        term: Number(answer?.raftTerm ?? 0),
        raftIndex: Number(answer?.raftIndex ?? 0),
        appliedIndex: Number(answer?.raftAppliedIndex ?? 0),
        dbSizeBytes: Number(answer?.dbSize ?? 0),
        dbInUseBytes: Number(answer?.dbSizeInUse ?? 0),
        quotaBytes: Number(answer?.dbSizeQuota ?? 0),
        alarms: alarmsOf(answer?.errors ?? [], member.ID),
      };
    });
  }

  close(): void {
    for (const client of this.#clients.values()) client.close();
    this.#clients.clear();
  }

  async #ask({ clientURLs: [url] }: ClusterMember): Promise<StatusResponse | undefined> {
    if (url === undefined) return undefined;
    let client = this.#clients.get(url);
    if (!client) this.#clients.set(url, (client = this.#connect(url)));
    const [endpoint] = client.endpoints.all;
    try {
      return endpoint && (await client.status(endpoint));
    } catch {
      return undefined;
    }
  }

  #connect(url: string): EtcdClient {
    const clock = this.#clock;
    return new EtcdClient(this.#reach(url), { now: () => clock.now(), pause: (delayMs) => pauseOn(clock, delayMs) });
  }
}

/** Each member tells the alarms of all: `memberID:10276657743932975437 alarm:NOSPACE `. */
function alarmsOf(errors: readonly string[], id: string): readonly string[] {
  return errors.flatMap((text) => {
    const [, member, alarm] = /^memberID:(\d+)\s+alarm:([A-Z]+)/.exec(text.trim()) ?? [];
    return member === id && alarm !== undefined ? [alarm] : [];
  });
}
