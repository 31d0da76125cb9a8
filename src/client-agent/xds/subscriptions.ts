import type { DiscoveryRequest } from '../../xds/server/discovery-request.js';
import type { DeltaResource, Response } from './messages.js';

const WILDCARD = '*';

/** What a response brought, until it is answered. */
export interface Pending {
  readonly resources: readonly DeltaResource[];
  readonly removed: readonly string[];
}

/** What a proxy wants of one type, and what it has of it. */
export class Subscription {
  readonly typeUrl: string;
  readonly names = new Set<string>();
  /** All there are, without naming them; said by a first request without names, or by the name `*`. */
  wildcard: 'no' | 'unsaid' | 'said' = 'no';
  /** Name -> version: accepted, or claimed at the beginning. */
  readonly held = new Map<string, string>();
  readonly pending = new Map<string, Pending>();
  /** Something was sent: a proxy that begins waits for that, be there anything or not. */
  isAnswered = false;
  /** State of the world: the version that was accepted. */
  version = '';
  #isKnown = false;

  constructor(typeUrl: string) {
    this.typeUrl = typeUrl;
  }

  /** Takes in what a delta request wants. */
  take({ subscribe, unsubscribe, versions }: DiscoveryRequest): void {
    if (!this.#isKnown) {
      for (const [name, version] of versions) this.held.set(name, version);
      if (subscribe.length === 0) this.wildcard = 'unsaid';
    }
    this.#isKnown = true;
    for (const name of unsubscribe)
      if (name === WILDCARD) this.wildcard = 'no';
      else {
        this.names.delete(name);
        if (this.wildcard === 'no') this.held.delete(name);
      }
    for (const name of subscribe)
      if (name === WILDCARD) this.wildcard = 'said';
      else this.names.add(name);
  }

  /** State of the world: every request names all. */
  takeWhole({ subscribe }: DiscoveryRequest): void {
    this.names.clear();
    this.wildcard = subscribe.length === 0 ? 'unsaid' : 'no';
    for (const name of subscribe) this.names.add(name);
  }

  /** The names that a first request on a new stream has. */
  firstNames(): readonly string[] {
    const names = [...this.names];
    if (this.wildcard === 'no') return names;
    return this.wildcard === 'unsaid' && names.length === 0 ? [] : [WILDCARD, ...names];
  }

  wants(name: string): boolean {
    return this.wildcard !== 'no' || this.names.has(name);
  }

  sent(nonce: string, { resources, removed }: Response): void {
    this.isAnswered = true;
    this.pending.set(nonce, { resources, removed });
  }

  /** What the answered response brought, when it is accepted it is had. */
  settle(nonce: string, isAccepted: boolean): Pending | undefined {
    const pending = this.pending.get(nonce);
    this.pending.delete(nonce);
    if (pending === undefined || !isAccepted) return undefined;
    for (const { name, version } of pending.resources) this.held.set(name, version);
    for (const name of pending.removed) this.held.delete(name);
    return pending;
  }
}
