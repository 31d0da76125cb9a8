import type { EtcdConnection, EtcdTls } from '../../state/backend/etcd/client/index.js';

type Follower = Parameters<NonNullable<EtcdConnection['follow']>>[0];

/** How the state is reached: our own member first, then the others, as they come and go. */
export class StateConnection {
  readonly #followers = new Set<Follower>();
  #endpoints: readonly string[];
  #tls: EtcdTls;

  constructor(endpoints: readonly string[], tls: EtcdTls) {
    this.#endpoints = endpoints;
    this.#tls = tls;
  }

  /** As it is now, for who follows it from here on. */
  get current(): EtcdConnection {
    return { endpoints: this.#endpoints, tls: this.#tls, follow: (onChange) => this.#follow(onChange) };
  }

  get endpoints(): readonly string[] {
    return this.#endpoints;
  }

  get tls(): EtcdTls {
    return this.#tls;
  }

  /** Returns whether these are others than before; only then are the followers told. */
  moveTo(endpoints: readonly string[]): boolean {
    if (endpoints.join() === this.#endpoints.join()) return false;
    this.#endpoints = endpoints;
    for (const follower of this.#followers) follower(endpoints);
    return true;
  }

  renew(tls: EtcdTls): void {
    this.#tls = tls;
    for (const follower of this.#followers) follower(this.#endpoints, tls);
  }

  #follow(onChange: Follower): () => void {
    this.#followers.add(onChange);
    return () => void this.#followers.delete(onChange);
  }
}
