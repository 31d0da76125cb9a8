import type { ServerDuplexStream } from '@grpc/grpc-js';
import { AppError, type Clock } from '../../core/index.js';
import { toGrpcStatus } from '../../xds/server/grpc-status.js';
import type { AgentFacts, ServerPeer } from '../contract.js';
import type { AgentIdentity } from '../credentials/index.js';
import type { AgentMessage, KnownKeys, ServerMessage } from '../wire/messages.js';
import { type WireRange, wireProblem } from '../wire/wire-version.js';
import { checkName, type JoinDesk } from './join-desk.js';

/** How often both ends show that they live. */
export const BEAT_MS = 1500;
/** After this silence the other end counts as gone. */
export const SILENCE_MS = 5000;

export type HeartbeatCall = ServerDuplexStream<AgentMessage, ServerMessage>;

/** Where heartbeats are made use of. */
export interface AgentRegistry {
  /** Why an agent of this name and id may not be a member; undefined = it may. */
  conflict(nodeName: string, nodeId: string): string | undefined;
  /** The agent lives, with these facts; called at its first message and at changes. */
  alive(facts: AgentFacts): void;
  /** Its heartbeat has ended here, and it did not leave. */
  gone(facts: AgentFacts): void;
  /** It leaves: resolves when its node is out of the catalog. */
  left(facts: AgentFacts): Promise<void>;
}

export interface HeartbeatParts {
  readonly datacenter: string;
  readonly clock: Clock;
  readonly desk: Pick<JoinDesk, 'issue' | 'trusted'>;
  readonly registry: AgentRegistry;
  /** This server and those that it knows. */
  readonly servers: () => { readonly self: ServerPeer; readonly all: readonly ServerPeer[] };
  /** See `StateStore.epoch`. */
  readonly epoch: () => string;
  readonly problem: (message: string) => void;
}

/** The heartbeats that this server holds, one for each node. */
export class Heartbeats {
  readonly #parts: HeartbeatParts;
  readonly #byNode = new Map<string, Heartbeat>();
  readonly #open = new Set<Heartbeat>();

  constructor(parts: HeartbeatParts) {
    this.#parts = parts;
  }

  /** Takes over the stream of a client agent. */
  hold(call: HeartbeatCall, caller: AgentIdentity): void {
    const heartbeat: Heartbeat = new Heartbeat(call, caller, this.#parts, {
      begun: (node) => {
        // The agent came back before its old connection was seen to be dead.
        const older = this.#byNode.get(node);
        this.#byNode.set(node, heartbeat);
        older?.end(new AppError('conflict', 'the agent has opened a newer heartbeat'));
      },
      ended: (node) => {
        this.#open.delete(heartbeat);
        if (node === undefined || this.#byNode.get(node) !== heartbeat) return false;
        this.#byNode.delete(node);
        return true;
      },
    });
    this.#open.add(heartbeat);
  }

  /** The list of servers has changed. */
  serversChanged(): void {
    for (const heartbeat of this.#byNode.values()) heartbeat.tellServers();
  }

  /** The keys have changed. */
  keysChanged(): void {
    for (const heartbeat of this.#byNode.values()) heartbeat.tellKeys();
  }

  /** Another state has taken the place of the one before. */
  stateReplaced(): void {
    for (const heartbeat of this.#byNode.values()) heartbeat.tellEpoch();
  }

  /** Which keys the nodes have whose heartbeat is held here; undefined = it has not said. */
  keysOf(): { readonly node: string; readonly known: KnownKeys | undefined }[] {
    return [...this.#byNode.values()].map(({ node, known }) => ({ node, known }));
  }

  /** Nodes whose heartbeat is held here. */
  get size(): number {
    return this.#byNode.size;
  }

  close(): void {
    for (const heartbeat of [...this.#open])
      heartbeat.end(new AppError('unavailable', 'this server stops; turn to another'));
  }
}

interface Owner {
  begun(node: string): void;
  /** Whether the heartbeat was the node's current one. */
  ended(node: string | undefined): boolean;
}

class Heartbeat {
  readonly #call: HeartbeatCall;
  readonly #caller: AgentIdentity;
  readonly #parts: HeartbeatParts;
  readonly #owner: Owner;
  #facts: AgentFacts | undefined;
  #cancelSilence = (): void => undefined;
  #cancelBeat = (): void => undefined;
  #known: KnownKeys | undefined;
  #isLeaving = false;
  #hasEnded = false;

  constructor(call: HeartbeatCall, caller: AgentIdentity, parts: HeartbeatParts, owner: Owner) {
    this.#call = call;
    this.#caller = caller;
    this.#parts = parts;
    this.#owner = owner;
    call.on('data', (message: AgentMessage) => this.#receive(message));
    call.on('error', () => this.#close());
    call.on('cancelled', () => this.#close());
    call.on('close', () => this.#close());
    call.on('end', () => this.end(new AppError('cancelled', 'the agent has ended its heartbeat')));
    this.#expectSign();
  }

  get node(): string {
    return this.#facts?.nodeName ?? '';
  }

  get known(): KnownKeys | undefined {
    return this.#known;
  }

  tellKeys(): void {
    const keys = this.#parts.desk.trusted;
    if (keys.length > 0) this.#send({ keys: { keys } });
  }

  tellEpoch(): void {
    this.#send({ state: { epoch: this.#parts.epoch() } });
  }

  tellServers(): void {
    this.#send({ servers: { servers: this.#parts.servers().all } });
  }

  end(error: AppError): void {
    if (this.#hasEnded) return;
    this.#close();
    this.#call.emit('error', toGrpcStatus(error));
  }

  #close(): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    this.#cancelSilence();
    this.#cancelBeat();
    const facts = this.#facts;
    const wasCurrent = this.#owner.ended(facts && keyOf(facts));
    if (wasCurrent && facts !== undefined && !this.#isLeaving) this.#parts.registry.gone(facts);
  }

  #expectSign(): void {
    this.#cancelSilence();
    this.#cancelSilence = this.#parts.clock.after(SILENCE_MS, () =>
      this.end(new AppError('unavailable', 'the agent was silent for too long')),
    );
  }

  #receive(message: AgentMessage): void {
    if (this.#hasEnded) return;
    this.#expectSign();
    try {
      if (message.facts) this.#learn(message.facts);
      else if (this.#facts === undefined)
        throw new AppError('invalidArgument', 'the first message of a heartbeat says who the agent is');
      else if (message.renew) this.#renew(this.#facts, message.renew);
      else if (message.keys) this.#known = message.keys;
      else if (message.leave) this.#leave(this.#facts);
    } catch (thrown) {
      this.end(AppError.from(thrown));
    }
  }

  #learn({ wire, oldestWire, ...facts }: AgentFacts & WireRange): void {
    const { node, datacenter } = this.#caller;
    checkName(facts.nodeName);
    const problem = wireProblem(`agent "${facts.nodeName}"`, { wire, oldestWire });
    if (problem !== undefined) throw new AppError('unsupported', problem);
    if (node !== '' && node !== facts.nodeName)
      throw new AppError(
        'permissionDenied',
        `the certificate is of node "${node}", the agent may not speak for another`,
      );
    if (facts.datacenter !== datacenter || datacenter !== this.#parts.datacenter)
      throw new AppError(
        'invalidArgument',
        `this server is of datacenter "${this.#parts.datacenter}", the agent is not`,
      );
    if (this.#facts !== undefined && keyOf(this.#facts) !== keyOf(facts))
      throw new AppError('invalidArgument', 'a heartbeat is of one node: its name cannot change');
    const conflict = this.#parts.registry.conflict(facts.nodeName, facts.nodeId);
    if (conflict !== undefined) throw new AppError('conflict', conflict);
    const isFirst = this.#facts === undefined;
    this.#facts = facts;
    if (isFirst) this.#owner.begun(keyOf(facts));
    this.#parts.registry.alive(facts);
    if (isFirst) this.#welcome();
  }

  #welcome(): void {
    const { self, all } = this.#parts.servers();
    this.#send({ welcome: { intervalMs: BEAT_MS, serverId: self.id, servers: all } });
    this.tellKeys();
    this.tellEpoch();
    const beat = (): void => {
      this.#cancelBeat = this.#parts.clock.after(BEAT_MS, () => {
        this.#send({ beat: {} });
        beat();
      });
    };
    beat();
  }

  #renew({ nodeName }: AgentFacts, { publicKey, proof }: NonNullable<AgentMessage['renew']>): void {
    this.#send({ renewed: this.#parts.desk.issue(nodeName, publicKey, proof) });
  }

  #leave(facts: AgentFacts): void {
    if (this.#isLeaving) return;
    this.#isLeaving = true;
    this.#parts.registry.left(facts).then(
      () => {
        this.#send({ farewell: {} });
        if (this.#hasEnded) return;
        this.#close();
        this.#call.end();
      },
      (thrown: unknown) => {
        this.#isLeaving = false;
        const error = AppError.from(thrown);
        this.#parts.problem(`node "${facts.nodeName}" could not leave: ${error.message}`);
        this.end(error);
      },
    );
  }

  #send(message: ServerMessage): void {
    if (!this.#hasEnded && this.#call.writable) this.#call.write(message);
  }
}

const keyOf = ({ nodeName }: AgentFacts): string => nodeName.toLowerCase();
