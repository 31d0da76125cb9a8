import { AppError, type Clock, pauseOn } from '../../core/index.js';
import type { Member } from '../../discovery/members/index.js';
import type { KeyringChange, KeyringControl, MemberKeys } from '../../discovery/operator/index.js';
import type { ServerPeer, ServerPeers } from '../contract.js';
import {
  formatKeyRing,
  isNewer,
  type KeyRing,
  parseKeyRing,
  ringMark,
  withKey,
  withoutKey,
  withPrimary,
} from '../credentials/index.js';
import type { KnownKeys } from '../wire/messages.js';
import type { Keyring } from './keyring.js';

/** Questions between servers. */
const READ = 'keyring/read';
const REPLACE = 'keyring/replace';
/** The tag by which servers see whose ring is newer. */
const MARK_TAG = 'keyring';
const READ_MS = 3000;
/** A managed etcd member is started anew under it. */
const REPLACE_MS = 60_000;
/** How long client agents may take to say that they have a key. */
const AGENTS_MS = 5000;
const LOOK_AGAIN_MS = 100;

export interface KeyringControlParts {
  readonly keyring: Keyring;
  readonly peers: ServerPeers;
  readonly keysOfAgents: () => readonly { readonly node: string; readonly known: KnownKeys | undefined }[];
  /** All members that are known, this server first. */
  readonly members: () => readonly Member[];
  readonly clock: Clock;
  readonly logger: { info(fields: object, message: string): void; warn(fields: object, message: string): void };
}

const CHANGES: Readonly<Record<KeyringChange, (ring: KeyRing, key: string) => KeyRing>> = {
  install: withKey,
  use: withPrimary,
  remove: withoutKey,
};

/** A server's answer to READ. Client agents by name: hashes of the authorities that they trust, base64url. */
interface ReadAnswer {
  readonly ring: string;
  readonly agents: readonly {
    readonly node: string;
    readonly authorities: readonly string[];
    readonly inUse: string;
  }[];
}

/**
 * Answers other servers about the keyring, follows theirs when it is newer, and changes it on all. Returns what an operator uses, and
 * what ends it.
 */
export function openKeyring(parts: KeyringControlParts): KeyringControl & { close(): void } {
  return new Control(parts);
}

class Control implements KeyringControl {
  readonly #parts: KeyringControlParts;
  readonly #closers: (() => void)[];
  #isFollowing = false;
  #isChanging = false;

  constructor(parts: KeyringControlParts) {
    this.#parts = parts;
    const { peers, keyring } = parts;
    const tell = (): void => peers.setTags({ [MARK_TAG]: ringMark(keyring.ring) });
    tell();
    const watch = peers.peers$.subscribe((reached) => void this.#follow(reached));
    this.#closers = [
      keyring.onChange(tell),
      peers.answer(READ, () => Promise.resolve(Buffer.from(JSON.stringify(this.#own())))),
      peers.answer(REPLACE, async (body) => {
        await this.#accept(parseKeyRing(body.toString()));
        return new Uint8Array();
      }),
      () => watch.unsubscribe(),
    ];
  }

  close(): void {
    for (const close of this.#closers) close();
  }

  async list(): Promise<readonly MemberKeys[]> {
    const alive = this.#parts.members().filter(({ status }) => status === 'alive');
    const answers = await this.#readAll();
    const texts = new Map<string, string>();
    for (const answer of answers.values())
      if (!(answer instanceof AppError))
        for (const { text, secrets } of parseKeyRing(answer.ring).keys)
          texts.set(secrets.authority.publicKeyHash.toString('base64url'), text);
    const agents = new Map(
      [...answers.values()].flatMap((answer) =>
        answer instanceof AppError ? [] : answer.agents.map((agent) => [agent.node.toLowerCase(), agent] as const),
      ),
    );
    return alive.map(({ name, tags }): MemberKeys => {
      if (tags['role'] === 'consul') return serverKeys(name, answers.get(name.toLowerCase()));
      const agent = agents.get(name.toLowerCase());
      if (agent === undefined)
        return { node: name, isServer: false, keys: [], problem: 'it has not said which keys it has' };
      const primary = texts.get(agent.inUse);
      const keys = agent.authorities.flatMap((hash) => texts.get(hash) ?? []);
      return { node: name, isServer: false, keys, ...(primary !== undefined && { primary }) };
    });
  }

  async change(change: KeyringChange, key: string): Promise<readonly MemberKeys[]> {
    const { keyring } = this.#parts;
    const before = await this.list();
    let next: KeyRing;
    try {
      if (this.#isChanging) throw new AppError('conflict', 'the keyring is being changed; try again');
      next = CHANGES[change](keyring.ring, key);
    } catch (thrown) {
      const { message: problem } = AppError.from(thrown);
      return before.map((member) => withProblem(member, problem));
    }
    const judged = change === 'install' ? [] : this.#judge(change, key, before);
    if (judged.some(({ problem }) => problem !== undefined)) return judged;
    this.#isChanging = true;
    try {
      return await this.#carryOut(change, key, next, before);
    } finally {
      this.#isChanging = false;
    }
  }

  /** All members, with a problem for those that would be cut off. Failed ones count for a removal: nobody knows what they have. */
  #judge(change: KeyringChange, key: string, alive: readonly MemberKeys[]): MemberKeys[] {
    const { keyring, members } = this.#parts;
    const primary = keyring.ring.keys[0].text;
    const needed = change === 'use' ? key : primary;
    const problemOf = (member: MemberKeys): string | undefined => {
      if (member.problem !== undefined) return member.problem;
      if (!member.keys.includes(needed)) return 'it does not have the key that is to be used';
      return change === 'remove' && member.primary !== primary ? 'its certificate is still of another key' : undefined;
    };
    const failed = change === 'use' ? [] : members().filter(({ status }) => status === 'failed');
    return [
      ...alive.map((member) => withProblem(member, problemOf(member))),
      ...failed.map(({ name, tags }) => ({
        ...{ node: name, isServer: tags['role'] === 'consul', keys: [] },
        problem: 'it has failed, and may have the old key only: start it, or let it go with force-leave',
      })),
    ];
  }

  /** The other servers one after the other, so that their etcd members never start anew at the same time; then this one. */
  async #carryOut(
    change: KeyringChange,
    key: string,
    next: KeyRing,
    before: readonly MemberKeys[],
  ): Promise<readonly MemberKeys[]> {
    const { keyring, peers, logger } = this.#parts;
    const problems = new Map<string, string>();
    if (next !== keyring.ring) {
      const body = Buffer.from(formatKeyRing(next));
      for (const peer of peersOf(peers))
        try {
          await peers.ask(peer, REPLACE, body, REPLACE_MS);
        } catch (thrown) {
          problems.set(peer.name.toLowerCase(), AppError.from(thrown).message);
        }
      await keyring.replace(next);
      logger.info({ keys: next.keys.length }, `the keyring was changed (${change})`);
    }
    const agents = await this.#untilAgents(change, key, before);
    return before.map((member): MemberKeys => {
      const problem = problems.get(member.node.toLowerCase()) ?? (member.isServer ? member.problem : undefined);
      if (problem !== undefined) return withProblem(member, problem);
      // What it said before the change is no longer so.
      return agents.get(member.node) ?? { node: member.node, isServer: member.isServer, keys: member.keys };
    });
  }

  /** Looks until client agents have what was changed; with a problem for those that have not in time. */
  async #untilAgents(
    change: KeyringChange,
    key: string,
    before: readonly MemberKeys[],
  ): Promise<ReadonlyMap<string, MemberKeys>> {
    const { clock } = this.#parts;
    const untilMs = clock.now() + AGENTS_MS;
    if (before.every(({ isServer }) => isServer)) return new Map();
    for (;;) {
      const agents = (await this.list()).filter(({ isServer }) => !isServer);
      const late = agents.filter((agent) => !hasFollowed(change, key, agent));
      if (late.length === 0) return new Map();
      if (clock.now() >= untilMs)
        return new Map(
          late.map((agent) => [agent.node, { ...agent, problem: 'it has not confirmed the change yet; ask again' }]),
        );
      await pauseOn(clock, LOOK_AGAIN_MS);
    }
  }

  /** What each server has, this one included, by name in lower case; an AppError for those that do not answer. */
  async #readAll(): Promise<ReadonlyMap<string, ReadAnswer | AppError>> {
    const { peers } = this.#parts;
    const answers = new Map<string, ReadAnswer | AppError>([[peers.self().name.toLowerCase(), this.#own()]]);
    await Promise.all(
      peersOf(peers).map(async (peer) => {
        const answer = await peers
          .ask(peer, READ, new Uint8Array(), READ_MS)
          .then((body) => JSON.parse(body.toString()) as ReadAnswer)
          .catch(AppError.from);
        answers.set(peer.name.toLowerCase(), answer);
      }),
    );
    return answers;
  }

  #own(): ReadAnswer {
    const { keyring, keysOfAgents } = this.#parts;
    const text = (hash: Uint8Array): string => Buffer.from(hash).toString('base64url');
    return {
      ring: formatKeyRing(keyring.ring),
      agents: keysOfAgents().flatMap(({ node, known }) =>
        known ? [{ node, authorities: known.authorities.map(text), inUse: text(known.inUse) }] : [],
      ),
    };
  }

  async #accept(next: KeyRing): Promise<void> {
    const { keyring } = this.#parts;
    const [mark, own] = [ringMark(next), ringMark(keyring.ring)];
    if (mark === own) return;
    if (!isNewer(mark, own))
      throw new AppError(
        'conflict',
        'the keyring was changed by another server in the meantime; look at it and try again',
      );
    await keyring.replace(next);
  }

  /** A server that was away, or is new, takes over what the others have. */
  async #follow(reached: readonly ServerPeer[]): Promise<void> {
    const { keyring, peers, logger } = this.#parts;
    const newer = reached.find(({ tags }) => isNewer(tags[MARK_TAG] ?? '', ringMark(keyring.ring)));
    if (newer === undefined || this.#isFollowing || this.#isChanging) return;
    this.#isFollowing = true;
    try {
      const { ring } = JSON.parse((await peers.ask(newer, READ, new Uint8Array(), READ_MS)).toString()) as ReadAnswer;
      const next = parseKeyRing(ring);
      if (!isNewer(ringMark(next), ringMark(keyring.ring))) return;
      await keyring.replace(next);
      logger.info({ server: newer.name, keys: next.keys.length }, 'the keyring was taken over from another server');
    } catch (thrown) {
      logger.warn({ server: newer.name }, `the keyring could not be taken over: ${AppError.from(thrown).message}`);
    } finally {
      this.#isFollowing = false;
    }
  }
}

const withProblem = (member: MemberKeys, problem: string | undefined): MemberKeys =>
  problem === undefined ? member : { ...member, problem };

const peersOf = (peers: ServerPeers): readonly ServerPeer[] => {
  let reached: readonly ServerPeer[] = [];
  peers.peers$.subscribe((now) => (reached = now)).unsubscribe();
  return reached;
};

function serverKeys(node: string, answer: ReadAnswer | AppError | undefined): MemberKeys {
  if (answer === undefined || answer instanceof AppError)
    return { node, isServer: true, keys: [], problem: answer?.message ?? 'it is not reached from here' };
  const [primary, ...others] = parseKeyRing(answer.ring).keys;
  return { node, isServer: true, keys: [primary, ...others].map(({ text }) => text), primary: primary.text };
}

function hasFollowed(change: KeyringChange, key: string, { keys, primary, problem }: MemberKeys): boolean {
  if (problem !== undefined) return false;
  if (change === 'install') return keys.includes(key);
  return change === 'use' ? primary === key : !keys.includes(key);
}
