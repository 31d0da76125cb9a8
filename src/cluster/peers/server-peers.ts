import type { Client } from '@grpc/grpc-js';
import { BehaviorSubject, type Observable } from 'rxjs';
import { AppError, type Clock, deepEqual } from '../../core/index.js';
import type { ServerPeer, ServerPeers } from '../contract.js';
import type { AgentIdentity } from '../credentials/index.js';
import { type Resolve, resolveJoinAddresses } from '../join-addresses.js';
import { callingOf, type ClusterTrust } from '../trust.js';
import { callUnary, openChannel } from '../wire/channel.js';
import type { Measured } from '../../discovery/coordinates/index.js';
import { clusterService } from '../wire/cluster-api.js';
import { locate } from '../wire/locate.js';
import type { Introduction, Question } from '../wire/messages.js';
import { OWN_WIRE, type WireRange, wireProblem } from '../wire/wire-version.js';

/** How often servers look at each other. */
const INTRODUCE_MS = 2000;
/** After this time without an answer a server is not reached any more. */
const REACHED_MS = 6000;
const CALL_MS = 3000;
const ASK_MS = 10_000;

export interface ServerPeersParts {
  readonly self: Omit<ServerPeer, 'draining' | 'tags'>;
  /** `bootstrap_expect`; 0 = not given. */
  readonly expect: number;
  readonly trust: ClusterTrust;
  readonly clock: Clock;
  readonly resolve: Resolve;
  readonly logger: { info(fields: object, message: string): void; warn(fields: object, message: string): void };
}

/** The view of the other servers with what the door and the start need of it. */
export interface OwnServerPeers extends ServerPeers {
  /** Itself and those reached. */
  all(): readonly ServerPeer[];
  /** An introduction of another server, and ours. Throws AppError('conflict' | 'invalidArgument'). */
  introduce(introduction: Introduction, from: AgentIdentity): Introduction;
  /** A question of another server. Throws AppError: what the part that answers throws, or 'unsupported'. */
  handle(question: Question, from: AgentIdentity): Promise<Uint8Array>;
  /** Contacts the servers at these addresses now, and goes on doing so. Resolves with how many answered; rejects when none did. */
  join(addresses: readonly string[]): Promise<number>;
  /** Who answers behind each address that was joined (its node id); null = nobody yet, or the name has no address. */
  joined(): readonly (string | null)[];
  /** Servers that are known from elsewhere. */
  learn(addresses: readonly string[]): void;
  setDraining(draining: boolean): void;
  /** Others are told how far this server has applied the state, from now on. */
  reportIndex(index: () => number): void;
  /** How far another server was when it told last, within some seconds; undefined = it has not told. */
  indexOf(id: string): ReportedIndex | undefined;
  close(): void;
}

export interface ReportedIndex {
  readonly index: number;
  /** By how much this server was ahead at that moment. */
  readonly trailing: number;
}

export function createServerPeers(parts: ServerPeersParts): OwnServerPeers {
  return new Peers(parts);
}

interface Known {
  readonly peer: ServerPeer;
  readonly expect: number;
  readonly reported: ReportedIndex;
  readonly seenMs: number;
}

type Handler = Parameters<ServerPeers['answer']>[1];

class Peers implements OwnServerPeers {
  readonly #parts: ServerPeersParts;
  readonly #addresses = new Set<string>();
  readonly #known = new Map<string, Known>();
  readonly #clients = new Map<string, Client>();
  readonly #handlers = new Map<string, Handler>();
  readonly #told = new Set<string>();
  readonly #reached$ = new BehaviorSubject<readonly ServerPeer[]>([]);
  readonly #stopWatching: () => void;
  /** Join addresses, with who answered there last; of names that do not resolve, how many there were at last. */
  readonly #joins = new Map<string, string | null>();
  #unresolved = 0;
  #tags: Readonly<Record<string, string>> = {};
  #isDraining = false;
  #index = (): number => 0;
  #cancel: () => void;

  constructor(parts: ServerPeersParts) {
    this.#parts = parts;
    this.#stopWatching = parts.trust.credentials.onChange(() => this.#dropClients());
    this.#cancel = parts.clock.after(INTRODUCE_MS, () => this.#turn());
  }

  self = (): ServerPeer => ({ ...this.#parts.self, draining: this.#isDraining, tags: this.#tags });

  get peers$(): Observable<readonly ServerPeer[]> {
    return this.#reached$;
  }

  all(): readonly ServerPeer[] {
    return [this.self(), ...this.#reached$.value];
  }

  setTags(tags: Readonly<Record<string, string>>): void {
    const merged = Object.entries({ ...this.#tags, ...tags }).filter(([, value]) => value !== '');
    this.#tags = Object.fromEntries(merged);
  }

  setDraining(draining: boolean): void {
    this.#isDraining = draining;
    void this.#introduceToAll();
  }

  learn(addresses: readonly string[]): void {
    for (const address of addresses) this.#addresses.add(address);
  }

  async join(given: readonly string[]): Promise<number> {
    const problems: string[] = [];
    const addresses = await resolveJoinAddresses(given, this.#parts.resolve, (problem) => problems.push(problem));
    this.#unresolved = problems.length;
    for (const address of addresses) if (!this.#joins.has(address)) this.#joins.set(address, null);
    const results = await Promise.allSettled(addresses.map((address) => this.#introduceTo(address)));
    for (const [position, result] of results.entries())
      if (result.status === 'rejected')
        problems.push(`${addresses[position] ?? ''}: ${AppError.from(result.reason).message}`);
    const reached = results.filter(({ status }) => status === 'fulfilled').length;
    // Those that do not answer yet may be about to start: they are asked again as long as this server runs.
    this.learn(addresses);
    if (reached === 0)
      throw new AppError('unavailable', `no server was reached: ${problems.join('; ') || 'no address was given'}`);
    return reached;
  }

  joined(): readonly (string | null)[] {
    const reached = new Set(this.all().map(({ id }) => id));
    const behind = [...this.#joins.values()].map((id) => (id !== null && reached.has(id) ? id : null));
    return [...behind, ...Array.from({ length: this.#unresolved }, () => null)];
  }

  introduce(introduction: Introduction, from: AgentIdentity): Introduction {
    const { self, known } = introduction;
    if (self === null) throw new AppError('invalidArgument', 'an introduction says who the server is');
    this.#check(self, introduction, from);
    this.#see(self, introduction);
    this.#learnOf(known);
    return this.#introduction();
  }

  reportIndex(index: () => number): void {
    this.#index = index;
  }

  indexOf(id: string): ReportedIndex | undefined {
    const known = this.#known.get(id);
    const isReached = known !== undefined && known.seenMs > this.#parts.clock.now() - REACHED_MS;
    return isReached && known.reported.index > 0 ? known.reported : undefined;
  }

  async ask(peer: ServerPeer, name: string, body: Uint8Array, timeoutMs = ASK_MS): Promise<Buffer> {
    const { address } = peer;
    const answer = await callUnary(this.#client(address), clusterService().Ask, { name, body }, { address, timeoutMs });
    return Buffer.from(answer.body);
  }

  measure({ address }: ServerPeer): Promise<Measured> {
    return locate(this.#client(address), address);
  }

  answer(name: string, handler: Handler): () => void {
    this.#handlers.set(name, handler);
    return () => this.#handlers.delete(name);
  }

  async handle({ name, body }: Question, { node }: AgentIdentity): Promise<Uint8Array> {
    const handler = this.#handlers.get(name);
    if (handler === undefined) throw new AppError('unsupported', `this server has no answer to "${name.slice(0, 64)}"`);
    return handler(Buffer.from(body), { node });
  }

  close(): void {
    this.#cancel();
    this.#stopWatching();
    this.#dropClients();
    this.#reached$.complete();
  }

  #turn(): void {
    void this.#introduceToAll().then(() => {
      this.#publish();
      this.#cancel = this.#parts.clock.after(INTRODUCE_MS, () => this.#turn());
    });
  }

  async #introduceToAll(): Promise<void> {
    // Somebody else may be there by now.
    const reached = new Set(this.all().map(({ id }) => id));
    for (const [address, id] of this.#joins) if (id === null || !reached.has(id)) this.#addresses.add(address);
    await Promise.allSettled([...this.#addresses].map((address) => this.#introduceTo(address)));
  }

  async #introduceTo(address: string): Promise<void> {
    const call = { address, timeoutMs: CALL_MS };
    try {
      const answer = await callUnary(this.#client(address), clusterService().Introduce, this.#introduction(), call);
      if (answer.self === null) throw new AppError('unavailable', 'it does not say who it is');
      if (this.#joins.has(address)) this.#joins.set(address, answer.self.id);
      this.#check(answer.self, answer, { role: 'server', datacenter: answer.self.datacenter, node: '' });
      // One of the join addresses is most often this server's own.
      if (answer.self.id === this.#parts.self.id) {
        this.#forget(address);
        return;
      }
      if (answer.self.address !== address) this.#forget(address);
      this.#see(answer.self, answer);
      this.#learnOf(answer.known);
    } catch (thrown) {
      const error = AppError.from(thrown);
      if (error.code !== 'unavailable') this.#tell(`the server at ${address} does not belong here: ${error.message}`);
      throw error;
    }
  }

  /** Throws AppError when two servers cannot be in one cluster. */
  #check(other: ServerPeer, versions: WireRange, from: AgentIdentity): void {
    const { self } = this.#parts;
    const problem = wireProblem(`server "${other.name}"`, versions);
    if (problem !== undefined) throw new AppError('unsupported', problem);
    const refuse = (problem: string): never => {
      throw new AppError('conflict', problem);
    };
    if (from.node !== '' && from.node !== other.name)
      refuse(`the certificate is of node "${from.node}", not of "${other.name}"`);
    if (other.datacenter !== self.datacenter)
      refuse(`server "${other.name}" is of datacenter "${other.datacenter}", "${self.name}" of "${self.datacenter}"`);
    if (other.id === self.id) {
      if (other.name === self.name && other.address === self.address) return;
      refuse(
        `servers "${self.name}" (${self.address}) and "${other.name}" (${other.address}) have the same node id ${self.id}: give one another (-node-id, or a data directory of its own)`,
      );
    }
    for (const { id, name } of [self, ...this.#reached$.value]) {
      if (id === other.id || name.toLowerCase() !== other.name.toLowerCase()) continue;
      refuse(
        `there are two servers with the name "${name}" (node ids ${id} and ${other.id}): give one another name with -node`,
      );
    }
  }

  #see(peer: ServerPeer, { expect, index }: Introduction): void {
    if (peer.id === this.#parts.self.id) return;
    const own = this.#parts.expect;
    if (own > 0 && expect > 0 && own !== expect)
      this.#tell(`server "${peer.name}" has bootstrap_expect ${expect}, this one ${own}: give all the same`);
    if (!this.#known.has(peer.id))
      this.#parts.logger.info({ server: peer.name, address: peer.address }, 'a server is known');
    const reported = { index, trailing: this.#index() - index };
    this.#known.set(peer.id, { peer, expect, reported, seenMs: this.#parts.clock.now() });
    this.#addresses.add(peer.address);
    this.#publish();
  }

  #learnOf(known: readonly ServerPeer[]): void {
    for (const { id, address } of known) if (id !== this.#parts.self.id && address !== '') this.#addresses.add(address);
  }

  #publish(): void {
    const since = this.#parts.clock.now() - REACHED_MS;
    const reached = [...this.#known.values()]
      .filter(({ seenMs }) => seenMs > since)
      .map(({ peer }) => peer)
      .sort((left, right) => (left.id < right.id ? -1 : 1));
    if (!deepEqual(reached, this.#reached$.value)) this.#reached$.next(reached);
  }

  #introduction(): Introduction {
    const { expect } = this.#parts;
    return { self: this.self(), known: this.#reached$.value, expect, index: this.#index(), ...OWN_WIRE };
  }

  #client(address: string): Client {
    const client = this.#clients.get(address) ?? openChannel(address, callingOf(this.#parts.trust));
    this.#clients.set(address, client);
    return client;
  }

  #forget(address: string): void {
    this.#addresses.delete(address);
    this.#clients.get(address)?.close();
    this.#clients.delete(address);
  }

  #dropClients(): void {
    for (const client of this.#clients.values()) client.close();
    this.#clients.clear();
  }

  /** Each sentence once: the servers look at each other every two seconds. */
  #tell(sentence: string): void {
    if (this.#told.has(sentence)) return;
    this.#told.add(sentence);
    this.#parts.logger.warn({}, sentence);
  }
}
