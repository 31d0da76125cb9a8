import {
  type DeltaResponse,
  decodeDeltaResponse,
  encodeDeltaRequest,
  encodeNode,
  type FakeNode,
  type FakeType,
  typeOfUrl,
  typeUrls,
} from './messages.js';
import { referencesOf } from './references.js';
import { openStream, type Transport, type TransportEvents, type TransportOptions } from './transport.js';

export type OpenTransport = (options: TransportOptions, events: TransportEvents) => Transport;

export interface FakeEnvoyOptions extends TransportOptions {
  readonly node: FakeNode;
  /** `node`, encoded before: thousands differ in their id only. */
  readonly encodedNode?: Buffer;
  /** Repeat the node in every request, as an Envoy with a Consul-made bootstrap does. */
  readonly repeatNode?: boolean;
  /** A reason to refuse a response; undefined = accept. */
  readonly refuse?: (type: FakeType, response: DeltaResponse) => string | undefined;
  /** Called before the response is handled. */
  readonly onResponse?: (type: FakeType, response: DeltaResponse) => void;
  readonly open?: OpenTransport;
  /** Keep no log: for thousands in one process. */
  readonly quiet?: boolean;
  /** Sees each message first; true = it has been dealt with. */
  readonly intercept?: (message: Buffer, envoy: FakeEnvoy) => boolean;
}

/** One line of the conversation, as seen by the client. */
export interface LogLine {
  readonly kind: 'received' | 'sent';
  readonly type: FakeType;
  readonly names: readonly string[];
  readonly removed: readonly string[];
  readonly nonce: string;
  readonly error: string;
  readonly claims: readonly string[];
}

/** What a type's watches hold. */
class TypeState {
  asked = false;
  /** Watched names; for clusters and listeners the names that are held. */
  readonly watched = new Set<string>();
  readonly held = new Map<string, { version: string; any: Buffer }>();
}

/**
 * A delta-ADS client that behaves as real Envoys were seen to (envoy-facts 1 to 4): asks for clusters first, for their endpoints
 * and secrets, for listeners once its clusters are warm; answers each response once and in order per type, holding back the
 * answers to clusters until none is warming; drops unasked names but answers them; claims its versions after a reconnect.
 */
export class FakeEnvoy {
  readonly log: LogLine[] = [];
  ended: { readonly code: number; readonly details: string } | undefined;
  acks = 0;
  refusals = 0;
  readonly #options: FakeEnvoyOptions;
  readonly #types: Record<FakeType, TypeState>;
  readonly #node: Buffer;
  #nodeSent = false;
  #transport: Transport | undefined;
  /** Clusters that wait for names of other types before they can be used. */
  readonly #warming = new Map<string, Set<string>>();
  #heldAcks: { readonly nonce: string; readonly error: string | undefined }[] = [];
  readonly #waiters = new Set<() => void>();
  /** Types that the present stream has been told something of. */
  readonly #told = new Set<FakeType>();

  constructor(options: FakeEnvoyOptions) {
    this.#options = options;
    this.#node = options.encodedNode ?? encodeNode(options.node);
    this.#types = emptyTypes();
  }

  /** Opens a stream and asks for what this client watches; a second call is a reconnect with what it has. */
  connect(): void {
    this.ended = undefined;
    this.#told.clear();
    this.#nodeSent = false;
    this.#heldAcks = [];
    const open = this.#options.open ?? openStream;
    this.#transport = open(this.#options, {
      onMessage: (message) => {
        if (this.#options.intercept?.(message, this) !== true) this.#receive(message);
      },
      onEnd: (code, details) => {
        this.ended = { code, details };
        this.#changed();
      },
    });
    for (const state of Object.values(this.#types)) state.asked = false;
    const reconnect = this.#types.cluster.held.size > 0;
    // A cluster that was warming when the stream broke keeps cluster discovery paused (envoy-facts 2).
    if (this.#warming.size === 0) this.#ask('cluster', []);
    if (!reconnect) return;
    for (const type of ['endpoint', 'secret', 'listener', 'route', 'extension'] as const) {
      const { watched, held } = this.#types[type];
      if (type === 'listener' ? held.size > 0 || this.#warming.size === 0 : watched.size > 0)
        this.#ask(type, [...watched]);
    }
  }

  /** The connection breaks; what the client has stays. */
  disconnect(): void {
    this.#transport?.destroy();
    this.#transport = undefined;
  }

  /** As if a changed version of this cluster had come just before the stream broke. */
  startWarming(type: 'cluster', name: string): void {
    const any = this.#types[type].held.get(name)?.any;
    if (any) this.#startWarming(name, any);
  }

  /** Forgets everything, like a restarted process. */
  restart(): void {
    this.disconnect();
    Object.assign(this.#types, emptyTypes());
    this.#warming.clear();
    this.connect();
  }

  pause(): void {
    this.#transport?.pause();
  }

  resume(): void {
    this.#transport?.resume();
  }

  get bytesReceived(): number {
    return this.#transport?.bytesReceived ?? 0;
  }

  /** Has been told of clusters and listeners on this stream, and holds all that these make it ask for. */
  get complete(): boolean {
    if (!this.#told.has('cluster') || !this.#told.has('listener') || this.#warming.size > 0) return false;
    return (['endpoint', 'secret', 'route', 'extension'] as const).every((type) => {
      const { watched, held } = this.#types[type];
      return watched.size <= held.size;
    });
  }

  /** Takes a message in without answering it: the caller has. */
  absorb(message: Buffer): void {
    const response = decodeDeltaResponse(message);
    const type = typeOfUrl(response.typeUrl);
    if (type) this.#apply(type, response);
  }

  /** Accepts a response by its parts. */
  accept(typeUrl: string, nonce: string): void {
    this.acks++;
    this.#transport?.send(
      encodeDeltaRequest({ typeUrl, nonce, node: this.#options.repeatNode ? this.#node : undefined }),
    );
  }

  get warming(): readonly string[] {
    return [...this.#warming.keys()];
  }

  /** name -> version of what is held and applied. */
  versions(type: FakeType): Readonly<Record<string, string>> {
    return Object.fromEntries([...this.#types[type].held].map(([name, { version }]) => [name, version]));
  }

  resource(type: FakeType, name: string): Buffer | undefined {
    return this.#types[type].held.get(name)?.any;
  }

  watches(type: FakeType): readonly string[] {
    return [...this.#types[type].watched];
  }

  /** Responses received since a position in the log. */
  received(since = 0): LogLine[] {
    return this.log.slice(since).filter((line) => line.kind === 'received');
  }

  sent(since = 0): LogLine[] {
    return this.log.slice(since).filter((line) => line.kind === 'sent');
  }

  /** Resolves when the condition holds; looked at after each message. Rejects after `timeoutMs`. */
  until(holds: () => boolean, what = 'a condition', timeoutMs = 5_000): Promise<void> {
    if (holds()) return Promise.resolve();
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#waiters.delete(look);
        const tail = this.log.slice(-12).map((line) => JSON.stringify(line));
        reject(new Error(`${what} did not come about within ${timeoutMs} ms; last lines:\n${tail.join('\n')}`));
      }, timeoutMs);
      const look = () => {
        if (!holds()) return;
        clearTimeout(timer);
        this.#waiters.delete(look);
        resolve();
      };
      this.#waiters.add(look);
    });
  }

  /** Resolves when no message has come for a moment: nothing more is under way on this machine. */
  async quiet(forMs = 40): Promise<void> {
    for (let seen = -1; seen !== this.log.length; ) {
      seen = this.log.length;
      await new Promise((resolve) => setTimeout(resolve, forMs));
    }
  }

  /** Sends a raw request: for tests of what no Envoy would say. */
  send(message: Buffer): void {
    this.#transport?.send(message);
  }

  subscribe(type: FakeType, names: readonly string[]): void {
    for (const name of names) this.#types[type].watched.add(name);
    this.#ask(type, names);
  }

  #receive(message: Buffer): void {
    const response = decodeDeltaResponse(message);
    const type = typeOfUrl(response.typeUrl);
    if (!type) throw new Error(`a response of unknown type ${response.typeUrl}`);
    this.#told.add(type);
    this.#options.onResponse?.(type, response);
    this.#note(
      'received',
      type,
      response.resources.map(({ name }) => name),
      response.removed,
      response.nonce,
      '',
      [],
    );
    const error = this.#options.refuse?.(type, response);
    if (error === undefined) this.#apply(type, response);
    if (type === 'cluster') {
      this.#heldAcks.push({ nonce: response.nonce, error });
      this.#askForClusters();
    } else {
      this.#answer(type, response.nonce, error);
    }
    this.#settle();
    this.#changed();
  }

  #apply(type: FakeType, response: DeltaResponse): void {
    const state = this.#types[type];
    for (const { name, version, any } of response.resources) {
      const named = type !== 'cluster' && type !== 'listener';
      if (named && !state.watched.has(name)) continue;
      const before = state.held.get(name);
      state.held.set(name, { version, any });
      if (type === 'cluster' && !before?.any.equals(any)) this.#startWarming(name, any);
      if (type === 'listener') this.#watchOf('listener', name, any);
      if (!named && before) for (const old of referencesOf(type, before.any)) this.#unwatch(old.type, old.name);
      if (type === 'endpoint' || type === 'secret') this.#arrived(type, name);
    }
    for (const name of response.removed) this.#remove(type, name);
  }

  #startWarming(name: string, any: Buffer): void {
    const needed = new Set<string>();
    for (const reference of referencesOf('cluster', any)) {
      const state = this.#types[reference.type];
      // A changed cluster waits for its endpoints although the name is watched already and is not asked for again.
      if (reference.type === 'endpoint' || !state.held.has(reference.name))
        needed.add(`${reference.type}/${reference.name}`);
      state.watched.add(reference.name);
    }
    if (needed.size > 0) this.#warming.set(name, needed);
    else this.#warming.delete(name);
  }

  #arrived(type: FakeType, name: string): void {
    for (const [cluster, needed] of this.#warming) {
      needed.delete(`${type}/${name}`);
      if (needed.size === 0) this.#warming.delete(cluster);
    }
  }

  #watchOf(type: 'listener', _name: string, any: Buffer): void {
    for (const reference of referencesOf(type, any)) this.#types[reference.type].watched.add(reference.name);
  }

  #remove(type: FakeType, name: string): void {
    const state = this.#types[type];
    if (type !== 'cluster' && type !== 'listener') return;
    const gone = state.held.get(name);
    state.held.delete(name);
    this.#warming.delete(name);
    if (gone) for (const reference of referencesOf(type, gone.any)) this.#unwatch(reference.type, reference.name);
  }

  #unwatch(type: FakeType, name: string): void {
    const users = [...this.#types.cluster.held, ...this.#types.listener.held];
    const inUse = users.some(([, { any }]) =>
      [...referencesOf('cluster', any), ...referencesOf('listener', any)].some(
        (one) => one.type === type && one.name === name,
      ),
    );
    if (inUse) return;
    const state = this.#types[type];
    state.watched.delete(name);
    state.held.delete(name);
    if (state.asked) this.#request(type, { unsubscribe: [name] });
  }

  /** What clusters need and has not been asked for: endpoints first, secrets once endpoints are there. */
  #askForClusters(): void {
    this.#askMissing('endpoint');
  }

  readonly #asked = new WeakMap<TypeState, Set<string>>();

  #askMissing(type: FakeType): void {
    const state = this.#types[type];
    const asked = this.#asked.get(state) ?? new Set<string>();
    this.#asked.set(state, asked);
    for (const name of asked) if (!state.watched.has(name)) asked.delete(name);
    const missing = [...state.watched].filter((name) => !asked.has(name));
    if (missing.length > 0) this.#ask(type, missing);
  }

  /** Goes on with what the last message made possible. */
  #settle(): void {
    const waitsForEndpoints = [...this.#warming.values()].some((needed) =>
      [...needed].some((one) => one.startsWith('endpoint/')),
    );
    if (!waitsForEndpoints) this.#askMissing('secret');
    if (this.#warming.size === 0) {
      for (const { nonce, error } of this.#heldAcks) this.#answer('cluster', nonce, error);
      this.#heldAcks = [];
      if (!this.#types.cluster.asked) this.#ask('cluster', []);
      else if (!this.#types.listener.asked) this.#ask('listener', []);
    }
    if (!this.#types.listener.asked) return;
    for (const type of ['secret', 'extension', 'route'] as const) this.#askMissing(type);
  }

  #ask(type: FakeType, names: readonly string[]): void {
    const state = this.#types[type];
    const first = !state.asked;
    state.asked = true;
    const asked = this.#asked.get(state) ?? new Set<string>();
    this.#asked.set(state, asked);
    for (const name of names) asked.add(name);
    this.#request(type, { subscribe: names, ...(first ? { versions: versionsOf(state) } : {}) });
  }

  #answer(type: FakeType, nonce: string, error: string | undefined): void {
    if (error === undefined) this.acks++;
    else this.refusals++;
    const state = this.#types[type];
    // The first message of a type on a stream claims what is held, also when it answers what came unasked.
    const first = !state.asked;
    state.asked = true;
    this.#request(type, {
      nonce,
      ...(error === undefined ? {} : { error }),
      ...(first ? { versions: versionsOf(state) } : {}),
    });
  }

  #request(
    type: FakeType,
    request: {
      subscribe?: readonly string[];
      unsubscribe?: readonly string[];
      versions?: ReadonlyMap<string, string>;
      nonce?: string;
      error?: string;
    },
  ): void {
    const withNode = !this.#nodeSent || this.#options.repeatNode === true;
    this.#nodeSent = true;
    this.#note(
      'sent',
      type,
      request.subscribe ?? [],
      request.unsubscribe ?? [],
      request.nonce ?? '',
      request.error ?? '',
      [...(request.versions?.keys() ?? [])],
    );
    this.#transport?.send(
      encodeDeltaRequest({ ...request, typeUrl: typeUrls[type], node: withNode ? this.#node : undefined }),
    );
  }

  #note(
    kind: LogLine['kind'],
    type: FakeType,
    names: readonly string[],
    removed: readonly string[],
    nonce: string,
    error: string,
    claims: readonly string[],
  ): void {
    if (this.#options.quiet) return;
    this.log.push({ kind, type, names, removed, nonce, error, claims });
  }

  #changed(): void {
    for (const look of [...this.#waiters]) look();
  }
}

function versionsOf({ held }: TypeState): Map<string, string> {
  return new Map([...held].map(([name, { version }]) => [name, version]));
}

function emptyTypes(): Record<FakeType, TypeState> {
  return {
    cluster: new TypeState(),
    endpoint: new TypeState(),
    secret: new TypeState(),
    listener: new TypeState(),
    route: new TypeState(),
    extension: new TypeState(),
  };
}
