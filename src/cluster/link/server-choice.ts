import { BehaviorSubject, filter, map, type Observable, Subject } from 'rxjs';
import type { ServerPeer } from '../contract.js';

/** The servers that are known, and which of them an agent turns to: draining ones last, all others by chance. */
export class ServerChoice {
  readonly #random: () => number;
  readonly #servers$ = new BehaviorSubject<readonly ServerPeer[]>([]);
  readonly #left$ = new Subject<string>();

  /** `random`: 0 to 1. */
  constructor(random: () => number) {
    this.#random = random;
  }

  /** Starts with what is known. */
  get servers$(): Observable<readonly ServerPeer[]> {
    return this.#servers$;
  }

  /** Takes in what a server tells. Returns the addresses at which there is no server any more. */
  learn(servers: readonly ServerPeer[]): string[] {
    const before = this.#servers$.value;
    this.#servers$.next(servers);
    for (const { id, draining } of servers)
      if (draining && before.some((server) => server.id === id && !server.draining)) this.#left$.next(id);
    return before
      .map(({ address }) => address)
      .filter((address) => !servers.some((server) => server.address === address));
  }

  /** Tells when streams at this server should go elsewhere: it has begun to drain, or connections are to be made anew. */
  leaving$({ id }: ServerPeer): Observable<void> {
    return this.#left$.pipe(
      filter((left) => left === id),
      map(() => undefined),
    );
  }

  /** Streams at all servers should be opened anew. */
  leaveAll(): void {
    for (const { id } of this.#servers$.value) this.#left$.next(id);
  }

  /** It drains, and there is another one to turn to. */
  isDraining({ id }: ServerPeer): boolean {
    const others = this.#servers$.value.some((server) => server.id !== id && !server.draining);
    return others && this.#servers$.value.some((server) => server.id === id && server.draining);
  }

  /** In the order to be tried: the one with the id `first`, then the others by chance, the draining ones behind, `avoid` last. */
  inOrder(first: string | undefined, avoid?: string): ServerPeer[] {
    const rank = (server: ServerPeer): number =>
      (server.id === avoid ? 4 : 0) + (server.draining ? 2 : 0) + (server.id === first ? 0 : 1);
    return shuffled(this.#servers$.value, this.#random).sort((left, right) => rank(left) - rank(right));
  }

  /** One that does not drain, by chance. */
  draw(): ServerPeer | undefined {
    const candidates = this.#servers$.value.filter(({ draining }) => !draining);
    return candidates[Math.floor(this.#random() * candidates.length)];
  }

  close(): void {
    this.#servers$.complete();
    this.#left$.complete();
  }
}

/** The items in an order by chance. */
export function shuffled<Item>(items: readonly Item[], random: () => number): Item[] {
  return items
    .map((item) => ({ item, at: random() }))
    .sort((left, right) => left.at - right.at)
    .map(({ item }) => item);
}
