import type { Client } from '@grpc/grpc-js';
import { AppError, type Clock } from '../../core/index.js';
import type { AgentFacts, ServerPeer } from '../contract.js';
import type { AgentMessage } from '../wire/messages.js';
import { HeartbeatSession, type SessionEvents } from './heartbeat-session.js';
import type { Timers } from './timers.js';

const WELCOME_MS = 6000;

/** Connections to one server's cluster door. */
export interface ServerWay {
  readonly client: Client;
  /** Ends what still waits for an answer of the server. */
  breakOff(): void;
}

export interface HeldHeartbeatParts {
  readonly facts: () => AgentFacts;
  readonly clock: Clock;
  readonly timers: Timers;
  /** Throws AppError where the server does not let the agent in. */
  readonly contact: (address: string) => Promise<ServerWay>;
  /** A server has taken it: the first one, or another than before. */
  readonly onHeld: (server: ServerPeer, servers: readonly ServerPeer[]) => void;
  /** A server has ended it, or would not take it. */
  readonly onRefused: (problem: AppError) => void;
  /** No server holds it any more. */
  readonly onLost: (problem: AppError) => void;
  /** What servers say over it besides. */
  readonly heard: Pick<SessionEvents, 'servers' | 'renewed' | 'keys' | 'epoch'>;
}

/** The one heartbeat of an agent: which server holds it, and how it goes from one server to another without a gap. */
export class HeldHeartbeat {
  readonly #parts: HeldHeartbeatParts;
  #held: { readonly session: HeartbeatSession; readonly server: ServerPeer } | undefined;
  /** The session that is being replaced by one over a newer connection. */
  #moving: HeartbeatSession | undefined;
  #onFarewell: (() => void) | undefined;
  #isClosed = false;

  constructor(parts: HeldHeartbeatParts) {
    this.#parts = parts;
  }

  /** Who holds it. */
  get server(): ServerPeer | undefined {
    return this.#held?.server;
  }

  /** False where no server holds it. */
  say(message: AgentMessage): boolean {
    this.#held?.session.send(message);
    return this.#held !== undefined;
  }

  /** The facts are others now. */
  tellFacts(): void {
    this.#held?.session.tell(this.#parts.facts());
  }

  /** Lets the server at the address hold it; the one that did so far goes on until then. Throws AppError; then nothing changes. */
  async moveTo(address: string): Promise<void> {
    const { facts, clock, timers, contact, onHeld, onRefused, heard } = this.#parts;
    const { client, breakOff } = await contact(address);
    const before = this.#held;
    await new Promise<void>((resolve, reject) => {
      const cancel = timers.after(WELCOME_MS, () => {
        session.close();
        reject(new AppError('unavailable', `the server at ${address} does not answer`));
      });
      const session: HeartbeatSession = new HeartbeatSession(client, address, facts(), clock, {
        ...heard,
        welcomed: (server, servers) => {
          cancel();
          this.#held = { session, server };
          onHeld(server, servers);
          before?.session.close();
          resolve();
        },
        farewell: () => this.#onFarewell?.(),
        silent: breakOff,
        ended: (error) => {
          cancel();
          reject(error);
          onRefused(error);
          this.#ended(session, error);
        },
      });
    });
  }

  /** To a connection of its server that is opened now. Where that fails nobody holds it. */
  async moveToNewConnection(): Promise<void> {
    const held = this.#held;
    if (held === undefined) return;
    this.#moving = held.session;
    const problem = await this.moveTo(held.server.address).then(() => undefined, AppError.from);
    this.#moving = undefined;
    if (problem === undefined || this.#held !== held) return;
    held.session.close();
    this.#ended(held.session, problem);
  }

  /** Asks to be taken out for good. Resolves when that is done, the server or this is gone, or `timeoutMs` has passed. */
  async leave(timeoutMs: number): Promise<void> {
    const held = this.#held;
    if (held === undefined) return;
    await new Promise<void>((resolve) => {
      this.#onFarewell = resolve;
      this.#parts.timers.after(timeoutMs, resolve);
      held.session.send({ leave: {} });
    });
  }

  close(): void {
    this.#isClosed = true;
    this.#held?.session.close();
    this.#held = undefined;
    this.#onFarewell?.();
  }

  #ended(session: HeartbeatSession, problem: AppError): void {
    if (this.#held?.session !== session || this.#moving === session || this.#isClosed) return;
    this.#held = undefined;
    this.#onFarewell?.();
    this.#parts.onLost(problem);
  }
}
