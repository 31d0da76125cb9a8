import type { AppError } from '../../core/index.js';
import type { EncodedResource, ResourceType } from '../resources/spec.js';
import type { RefusalKeeper } from './answers.js';
import type { BurstStep } from './burst.js';
import { encodeDelta } from './delta-stream.js';
import type { StreamFacts } from './propagation.js';
import type { ProxySession } from './session.js';
import type { Response, SessionOutlet } from './session-outlet.js';
import type { Sink } from './sink.js';
import type { StandingRefusal } from './standing-refusals.js';
import { encodeStateOfTheWorld } from './state-of-the-world-stream.js';
import type { StreamHost } from './stream-host.js';

/** A removal waits for a client to ask for listeners, but not for ever. */
const LISTENER_GRACE_MS = 5_000;

/** The end of a session that looks outward: protocol, sink, and what all streams share. One per stream. */
export class StreamOutlet implements SessionOutlet, RefusalKeeper {
  readonly maySendSecrets: boolean;
  readonly #host: StreamHost;
  readonly #facts: StreamFacts;
  readonly #sink: Sink;
  readonly #end: (error: AppError) => void;
  #waitsForListeners = false;
  #lastNonce = '';

  constructor(host: StreamHost, facts: StreamFacts, sink: Sink, end: (error: AppError) => void) {
    this.#host = host;
    this.#facts = facts;
    this.#sink = sink;
    this.#end = end;
    const { encrypted, remoteAddress } = facts.client;
    this.maySendSecrets = encrypted || isLoopback(remoteAddress) || host.allowPlaintextSecrets;
  }

  get cells(): StreamHost['cells'] {
    return this.#host.cells;
  }

  get counters(): StreamHost['counters'] {
    return this.#host.counters;
  }

  get leaves(): StreamHost['leaves'] {
    return this.#host.leaves;
  }

  get epochs(): StreamHost['epochs'] {
    return this.#host.epochs;
  }

  get clock(): StreamHost['clock'] {
    return this.#host.clock;
  }

  get index(): number {
    return this.#host.index();
  }

  get isDelta(): boolean {
    return this.#facts.protocol === 'delta';
  }

  get drainTimeMs(): number | undefined {
    return this.#facts.drainTimeMs;
  }

  get congested(): boolean {
    return this.#sink.congested;
  }

  encode(step: BurstStep, session: ProxySession): readonly Response[] {
    const { frames } = this.#host;
    if (this.isDelta) {
      const responses = encodeDelta(step, frames, this.index, this.#lastNonce);
      this.#lastNonce = responses.at(-1)?.nonce ?? this.#lastNonce;
      return responses;
    }
    return encodeStateOfTheWorld(step, session, frames, this.index);
  }

  write(responses: readonly Response[]): void {
    const { counters } = this.#host;
    for (const { frame, items } of responses) {
      counters.responses++;
      counters.resourcesSent += items.length;
      counters.bytesSent += frame.length;
    }
    this.#sink.write(responses);
  }

  wake(session: ProxySession): void {
    this.#host.flusher.wake(session);
  }

  wakeLater(session: ProxySession): void {
    if (this.#waitsForListeners) return;
    this.#waitsForListeners = true;
    this.#host.clock.after(LISTENER_GRACE_MS, () => {
      session.removalsOverdue = true;
      session.wake();
    });
  }

  end(error: AppError): void {
    this.#end(error);
  }

  demand(session: ProxySession, type: ResourceType, name: string): string | undefined {
    return this.#host.demand(session.needs.identity, this.#facts.client, type, name);
  }

  now(): string {
    return new Date(this.#host.clock.now()).toISOString();
  }

  put(refused: EncodedResource, refusal: StandingRefusal): void {
    const { client } = this.#facts;
    const { type, name, entries } = refused;
    this.#host.counters.refusals++;
    const fields = { node: client.node, proxy: client.proxyId, type, name, entries, error: refusal.error };
    this.#host.logger.warn(fields, 'proxy refused a resource');
    this.#host.refusals.put(client, refused, refusal);
  }

  clear(type: ResourceType, name: string): void {
    this.#host.refusals.clear(this.#facts.client, type, name);
  }

  oddity(type: ResourceType, error: string): void {
    const { node, proxyId } = this.#facts.client;
    this.#host.logger.warn({ node, proxy: proxyId, type, error }, 'proxy refused a response without resources');
  }
}

/** Whether a remote address is this host's own loopback. */
export function isLoopback(address: string): boolean {
  return /^(?:::ffff:)?127\./.test(address) || address === '::1';
}
