import { type Client, type ClientDuplexStream, Metadata, type ServiceError } from '@grpc/grpc-js';
import { AppError, type Clock } from '../../core/index.js';
import type { AgentFacts, ServerPeer } from '../contract.js';
import { clusterService } from '../wire/cluster-api.js';
import type { AgentMessage, ServerMessage, TrustedKey } from '../wire/messages.js';
import { errorOfCall } from '../wire/status.js';
import { OWN_WIRE } from '../wire/wire-version.js';

/** After this silence the server counts as gone. */
const SILENCE_MS = 5000;

export interface SessionEvents {
  /** The server has taken the heartbeat. */
  welcomed(server: ServerPeer, servers: readonly ServerPeer[]): void;
  servers(servers: readonly ServerPeer[]): void;
  renewed(certificatePem: string, authorityPem: string): void;
  /** All keys that the cluster trusts, the one in use first. */
  keys(keys: readonly TrustedKey[]): void;
  /** Which state the server has: another one once a saved state has taken its place. */
  epoch(epoch: string): void;
  /** The server has taken the node out, as asked. */
  farewell(): void;
  /** The server says nothing any more; `ended` follows. */
  silent(): void;
  /** It is over; told once, unless the session was closed. */
  ended(error: AppError): void;
}

/** One heartbeat held at one server. */
export class HeartbeatSession {
  readonly #call: ClientDuplexStream<AgentMessage, ServerMessage>;
  readonly #clock: Clock;
  readonly #events: SessionEvents;
  readonly #address: string;
  #cancelSilence = (): void => undefined;
  #cancelBeat = (): void => undefined;
  #isOver = false;

  constructor(client: Client, address: string, facts: AgentFacts, clock: Clock, events: SessionEvents) {
    const { path, requestSerialize, responseDeserialize } = clusterService().Heartbeat;
    this.#call = client.makeBidiStreamRequest(path, requestSerialize, responseDeserialize, new Metadata());
    this.#clock = clock;
    this.#events = events;
    this.#address = address;
    this.#call.on('data', (message: ServerMessage) => this.#receive(message));
    this.#call.on('error', (error: ServiceError) => this.#end(errorOfCall(error, address)));
    this.#call.on('end', () =>
      this.#end(new AppError('unavailable', `the server at ${address} has ended the heartbeat`)),
    );
    this.#expectSign();
    this.tell(facts);
  }

  /** Who the agent is, first and when it changes. */
  tell(facts: AgentFacts): void {
    this.send({ facts: { ...facts, ...OWN_WIRE } });
  }

  send(message: AgentMessage): void {
    if (!this.#isOver) this.#call.write(message);
  }

  /** Ends the session without a word to its owner. */
  close(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#stop();
    this.#call.cancel();
  }

  #receive(message: ServerMessage): void {
    if (this.#isOver) return;
    this.#expectSign();
    if (message.welcome) {
      const { intervalMs, serverId, servers } = message.welcome;
      const server = servers.find(({ id }) => id === serverId);
      if (server === undefined) return this.#end(new AppError('unavailable', 'the server does not say who it is'));
      this.#beat(intervalMs);
      this.#events.welcomed(server, servers);
    } else if (message.servers) this.#events.servers(message.servers.servers);
    else if (message.renewed) this.#events.renewed(message.renewed.certificatePem, message.renewed.authorityPem);
    else if (message.keys) this.#events.keys(message.keys.keys);
    else if (message.state) this.#events.epoch(message.state.epoch);
    else if (message.farewell) this.#events.farewell();
  }

  #beat(intervalMs: number): void {
    this.#cancelBeat = this.#clock.after(Math.max(intervalMs, 100), () => {
      this.send({ beat: {} });
      this.#beat(intervalMs);
    });
  }

  #expectSign(): void {
    this.#cancelSilence();
    this.#cancelSilence = this.#clock.after(SILENCE_MS, () => {
      if (this.#isOver) return;
      this.#events.silent();
      this.#end(new AppError('unavailable', `the server at ${this.#address} is silent`));
      this.#call.cancel();
    });
  }

  #end(error: AppError): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#stop();
    this.#events.ended(error);
  }

  #stop(): void {
    this.#cancelSilence();
    this.#cancelBeat();
  }
}
