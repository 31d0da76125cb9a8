import { AppError, type Clock, formatHostPort, patiently, pauseOn } from '../../core/index.js';
import {
  applyMemberAlive,
  applyMemberFailed,
  applyMemberForgotten,
  applyMemberLeft,
  hasPassingAgent,
  type Member,
  membersCell,
} from '../../discovery/members/index.js';
import { type MemberRecord, nodeKey } from '../../model/index.js';
import type { Duty, StateStore, TakeDuty, Transaction } from '../../state/index.js';
import type { AgentFacts } from '../contract.js';
import type { AgentRegistry } from '../door/heartbeats.js';
import type { Liveness } from '../liveness.js';
import { type LiveMember, LiveMembers } from './live-members.js';
import { MembershipMachine } from './membership-machine.js';
import { WayOut } from './way-out.js';

const LOOK_EVERY_MS = 500;
/** How often all of the catalog's part is compared (consul-behaviour 11.3). */
const COMPARE_EVERY_MS = 60_000;
const GRACE_MS = 2000;
const FIRST_GRACE_MS = 10_000;
/** Longer than a server's traces outlive it. */
const TRACE_MS = 12_000;
const LEFT_TIMEOUT_MS = 24 * 60 * 60_000;
const TRY_AGAIN_MS = 200;
/** Of others who leave, and of those that an operator lets go: longer than etcd elects a leader. */
const OTHERS_LEAVE_MS = 8000;

export interface MemberKeeperParts {
  readonly store: StateStore;
  readonly liveness: Liveness;
  readonly take: TakeDuty;
  /** This server as a member; its tags may change. */
  readonly self: () => AgentFacts;
  readonly reconnectTimeoutMs: number;
  /** Marks of the cluster keys that this server trusts, which give no key away; absent = it has none. */
  readonly keys?: () => readonly string[];
  /** Hears of the cluster doors of other servers that live, `host:port`. */
  readonly met?: (doors: readonly string[]) => void;
  /** Called when this server stays although it was to leave: what it had in the catalog may be gone. */
  readonly onStay?: () => void;
  readonly clock: Clock;
  readonly warn: (message: string) => void;
}

/** Who is a member and who is alive: keeps heartbeats' traces where all servers see them, and turns them into records. */
export interface MemberKeeper extends AgentRegistry {
  /** All members that are known, this server first. */
  list(): readonly Member[];
  /**
   * Shows this server to the others, again when its facts or keys have changed. Throws AppError('conflict') when its name or its id is
   * that of another that lives, or another server has none of its keys; the trace of an earlier process of it is waited for to vanish.
   */
  show(): Promise<void>;
  /**
   * A failed member counts as left. AppError('invalidArgument') for this server, and when there is none of that name; ('unavailable')
   * when the state took no change for some seconds.
   */
  forceLeave(node: string, options: { readonly prune: boolean }): Promise<void>;
  /**
   * This server leaves: it is out of the catalog then. What time mends is tried again. Throws AppError('unavailable') when that is not
   * done within so many ms: it stays a member then, and may be asked again.
   */
  leave(withinMs: number): Promise<void>;
  close(): void;
}

export function createMemberKeeper(parts: MemberKeeperParts): MemberKeeper {
  return new Keeper(parts);
}

class Keeper implements MemberKeeper {
  readonly #parts: MemberKeeperParts;
  readonly #live: LiveMembers;
  #giveUp: () => void;
  readonly #wayOut: WayOut;
  #isClosed = false;
  readonly #startedMs: number;
  #look: (() => void) | undefined;

  constructor(parts: MemberKeeperParts) {
    this.#parts = parts;
    this.#startedMs = parts.clock.now();
    this.#live = new LiveMembers(parts.liveness, parts.self().nodeId, (live) => {
      this.#look?.();
      this.#tellDoors(live);
    });
    this.#giveUp = this.#take();
    this.#wayOut = new WayOut({
      clock: parts.clock,
      go: (withinMs, isWanted) => this.#goOut(withinMs, isWanted),
      stay: () => this.#stay(),
    });
  }

  #take(): () => void {
    return this.#parts.take((duty) => this.#work(duty));
  }

  #tellDoors(live: LiveMembers): void {
    const { met, self } = this.#parts;
    const own = self().nodeId;
    const servers = [...live.byNode.values()].filter(({ role, id }) => role === 'server' && id !== own);
    const doorOf = ({ port, tags }: LiveMember): number => (Number(tags['port']) > 0 ? Number(tags['port']) : port);
    met?.(servers.map((server) => formatHostPort({ host: server.address, port: doorOf(server) })));
  }

  list(): readonly Member[] {
    const { store, self } = this.#parts;
    const own = self();
    const { nodeName: name, address, port, tags } = own;
    const me: Member = { name, address, port, tags, status: 'alive', sinceMs: this.#startedMs };
    const others = store.read(membersCell, '').value.filter(({ node }) => nodeKey(node) !== nodeKey(own.nodeName));
    return [me, ...others.map(({ node, ...rest }) => ({ ...rest, name: node }))];
  }

  async show(): Promise<void> {
    const { self, clock, keys } = this.#parts;
    await this.#live.ready;
    const facts = self();
    for (let waitedMs = 0; ; waitedMs += LOOK_EVERY_MS) {
      const problem = this.conflict(facts.nodeName, facts.nodeId) ?? this.#foreigner();
      if (problem === undefined) break;
      if (waitedMs >= TRACE_MS) throw new AppError('conflict', problem);
      await pauseOn(clock, LOOK_EVERY_MS);
    }
    await this.#live.put(facts, 'server', clock.now(), keys?.());
  }

  /** Why this server cannot be one of those that live on the same state. */
  #foreigner(): string | undefined {
    const own = this.#parts.keys?.() ?? [];
    if (own.length === 0) return undefined;
    const { nodeId } = this.#parts.self();
    for (const { node, id, role, keys } of this.#live.all)
      if (role === 'server' && id !== nodeId && keys.length > 0 && !keys.some((key) => own.includes(key)))
        return `server "${node}" lives on the same state and has another cluster key: give this server the key in use (encrypt), or a state of its own (state.etcd.prefix)`;
    return undefined;
  }

  conflict(nodeName: string, nodeId: string): string | undefined {
    for (const { node, id } of this.#live.all) {
      if (nodeKey(node) === nodeKey(nodeName) && id !== nodeId)
        return `the name "${node}" is that of a living member with node id ${id}: give this agent another with -node`;
      if (id === nodeId && nodeKey(node) !== nodeKey(nodeName))
        return `node id ${id} is that of the living member "${node}": give this agent one of its own (another -node-id or data directory)`;
    }
    return undefined;
  }

  alive(facts: AgentFacts): void {
    this.#live.put(facts, 'client', this.#parts.clock.now()).catch(() => undefined);
  }

  gone({ nodeName }: AgentFacts): void {
    this.#live.remove(nodeName).catch(() => undefined);
  }

  async left({ nodeName }: AgentFacts): Promise<void> {
    // First the trace: nobody must take the member for alive again.
    await this.#live.remove(nodeName);
    await this.#write(OTHERS_LEAVE_MS, (transaction) =>
      applyMemberLeft(transaction, nodeName, this.#parts.clock.now()),
    );
  }

  /** That a member has left may be written twice: when nobody knows whether it is stored, it is written again. */
  #write(withinMs: number, run: (transaction: Transaction) => void, isWanted = (): boolean => true): Promise<unknown> {
    const { store, clock } = this.#parts;
    const mends = (thrown: unknown): boolean =>
      isWanted() && ['unavailable', 'busy'].includes(AppError.from(thrown).code);
    return patiently(() => store.transact('member-left', run), { clock, withinMs, pauseMs: TRY_AGAIN_MS, mends });
  }

  async forceLeave(node: string, { prune }: { readonly prune: boolean }): Promise<void> {
    const { store, self, clock } = this.#parts;
    if (nodeKey(node) === nodeKey(self().nodeName))
      throw new AppError('invalidArgument', `node "${node}" is this agent and alive; use /v1/agent/leave`);
    const record = store.view.get('members', nodeKey(node));
    if (record === undefined) throw new AppError('invalidArgument', `agent: No node found with name '${node}'`);
    // As in Serf a living member contradicts.
    if (this.#live.byNode.has(nodeKey(node))) return;
    await this.#write(OTHERS_LEAVE_MS, (transaction) => {
      applyMemberLeft(transaction, node, clock.now());
      if (prune) applyMemberForgotten(transaction, node);
    });
  }

  leave(withinMs: number): Promise<void> {
    return this.#wayOut.leave(withinMs);
  }

  async #goOut(withinMs: number, isWanted: () => boolean): Promise<void> {
    this.#giveUp();
    const { nodeName } = this.#parts.self();
    await this.#live.remove(nodeName);
    const leave = (transaction: Transaction): void => {
      if (!isWanted()) throw new AppError('cancelled', 'nobody waits for it any more');
      applyMemberLeft(transaction, nodeName, this.#parts.clock.now());
    };
    await this.#write(withinMs, leave, isWanted);
  }

  #stay(): void {
    if (this.#isClosed) return;
    const { self, clock, keys, onStay } = this.#parts;
    this.#giveUp = this.#take();
    this.#live.put(self(), 'server', clock.now(), keys?.()).catch(() => undefined);
    onStay?.();
  }

  close(): void {
    this.#isClosed = true;
    this.#giveUp();
    this.#live.close();
  }

  /** The duty: looks every second, and at once when somebody comes. */
  #work(duty: Duty): () => void {
    const { clock, reconnectTimeoutMs, store, warn } = this.#parts;
    const settings = {
      graceMs: GRACE_MS,
      firstGraceMs: FIRST_GRACE_MS,
      leftTimeoutMs: LEFT_TIMEOUT_MS,
      reconnectTimeoutMs,
    };
    // Of a duty that is taken over, members have had their time already: while the lease of who had it ran out.
    const machine = new MembershipMachine(settings, this.#startedMs);
    let isBusy = false;
    let isOver = false;
    let comparedMs = clock.now();
    let cancel = (): void => undefined;
    const turn = async (): Promise<void> => {
      if (isBusy || isOver) return;
      isBusy = true;
      const nowMs = clock.now();
      const compares = nowMs >= comparedMs + COMPARE_EVERY_MS;
      if (compares) comparedMs = nowMs;
      const records = new Map(store.read(membersCell, '').value.map((record) => [nodeKey(record.node), record]));
      const isInOrder = ({ node }: MemberRecord): boolean => !compares || hasPassingAgent(store.view, node);
      const live = this.#live.byNode;
      for (const { kind, key } of machine.look(records, live, nowMs, isInOrder)) {
        try {
          await duty.transact(`member-${kind}`, (transaction) => apply(transaction, kind, key, live.get(key), nowMs));
        } catch (thrown) {
          if (!isOver && duty.isHeld)
            warn(`member "${key}" could not be marked ${kind}: ${AppError.from(thrown).message}`);
        }
      }
      isBusy = false;
    };
    const again = (): void => {
      cancel = clock.after(LOOK_EVERY_MS, () => {
        void turn();
        again();
      });
    };
    this.#look = () => void turn();
    void turn();
    again();
    return () => {
      isOver = true;
      this.#look = undefined;
      cancel();
    };
  }
}

function apply(
  transaction: Transaction,
  kind: 'alive' | 'failed' | 'forgotten',
  key: string,
  member: LiveMember | undefined,
  nowMs: number,
): void {
  if (kind === 'failed') applyMemberFailed(transaction, key, nowMs);
  else if (kind === 'forgotten') applyMemberForgotten(transaction, key);
  else if (member !== undefined) applyMemberAlive(transaction, { ...member, ...member.facts }, nowMs);
}
