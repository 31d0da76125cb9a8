import type { DutyFence, LiveArea, LiveChange } from '../../../src/state/index.js';
import { LiveWatchers } from '../../../src/state/backend/live-watchers.js';

interface Server {
  readonly area: LiveArea;
  isAlive: boolean;
  readonly own: Map<string, string>;
  readonly aliveListeners: Set<(isAlive: boolean) => void>;
}

/** The live area of several servers in one process, with leases that end when the test says so. */
export class SharedLiveArea {
  readonly #watchers = new LiveWatchers(true);
  readonly #owners = new Map<string, Server>();
  readonly #servers = new Map<string, Server>();
  #revision = 0;
  /** What the engine answers to a claim, first; so that a claim may be on its way for a while. */
  beforeClaim: () => Promise<void> = () => Promise.resolve();

  server(name: string): LiveArea {
    const server: Server = {
      area: this.#areaOf(() => server),
      isAlive: true,
      own: new Map(),
      aliveListeners: new Set(),
    };
    this.#servers.set(name, server);
    return server.area;
  }

  /** Whether a transaction with this fence would be let in. */
  holds({ key, createRevision }: DutyFence): boolean {
    return this.#watchers.get(key)?.createRevision === createRevision;
  }

  keys(): string[] {
    return [...this.#owners.keys()].sort();
  }

  value(key: string): string | undefined {
    return this.#watchers.get(key)?.value;
  }

  /** The server notices that it is out of touch; its keys are still there. */
  outOfTouch(name: string): void {
    this.#setAlive(this.#of(name), false);
  }

  /** Its lease is still there. */
  backInTouch(name: string): void {
    this.#setAlive(this.#of(name), true);
  }

  /** The server's lease is over; a server that stands still does not notice. */
  expire(name: string): void {
    const server = this.#of(name);
    for (const [key, owner] of [...this.#owners]) if (owner === server) this.#delete(key);
  }

  #of(name: string): Server {
    return this.#servers.get(name) as Server;
  }

  #setAlive(server: Server, isAlive: boolean): void {
    server.isAlive = isAlive;
    for (const listener of [...server.aliveListeners]) listener(isAlive);
  }

  #put(server: Server, key: string, value: string): DutyFence {
    const modRevision = (this.#revision += 1);
    const createRevision = this.#watchers.get(key)?.createRevision ?? modRevision;
    this.#owners.set(key, server);
    this.#watchers.put({ key, value, createRevision, modRevision });
    return { key, createRevision };
  }

  #delete(key: string): void {
    this.#owners.delete(key);
    this.#watchers.gone(key);
  }

  #areaOf(server: () => Server): LiveArea {
    return {
      get isAlive() {
        return server().isAlive;
      },
      put: (key, value) => {
        server().own.set(key, value);
        this.#put(server(), key, value);
        return Promise.resolve();
      },
      remove: (key) => {
        this.#delete(key);
        return Promise.resolve();
      },
      claim: async (key, value) => {
        await this.beforeClaim();
        const owner = this.#owners.get(key);
        if (owner === undefined) return this.#put(server(), key, value);
        const createRevision = this.#watchers.get(key)?.createRevision as number;
        return owner === server() ? { key, createRevision } : undefined;
      },
      watch: (onChange: (change: LiveChange) => void) => this.#watchers.add(onChange),
      onAlive: (listener) => {
        server().aliveListeners.add(listener);
        return () => server().aliveListeners.delete(listener);
      },
      close: () => {
        for (const [key, owner] of [...this.#owners]) if (owner === server()) this.#delete(key);
        return Promise.resolve();
      },
    };
  }
}
