import type { AppError } from '../../../../src/core/index.js';
import type { EncodedResource, ProxyNeeds, ResourceType } from '../../../../src/xds/resources/spec.js';
import type { RefusalKeeper } from '../../../../src/xds/server/answers.js';
import { applyDelta, encodeDelta } from '../../../../src/xds/server/delta-stream.js';
import type { DiscoveryRequest } from '../../../../src/xds/server/discovery-request.js';
import { EpochGate } from '../../../../src/xds/server/epoch-gate.js';
import { FrameBook } from '../../../../src/xds/server/frames.js';
import { ResourceCells } from '../../../../src/xds/server/resource-cells.js';
import { ProxySession } from '../../../../src/xds/server/session.js';
import type { Response } from '../../../../src/xds/server/session-outlet.js';
import type { StandingRefusal } from '../../../../src/xds/server/standing-refusals.js';
import { FakeCa } from './fake-ca.js';
import { FakeClock } from './fake-clock.js';
import { FakeStore } from './fake-store.js';

export type RigNames = Partial<Record<ResourceType, readonly (string | readonly [name: string, cellKey: string])[]>>;

/** One session without sockets: requests in, lines like `cluster a b` and `listener - c` out. */
export class SessionRig {
  #lastNonce = '';
  readonly store = new FakeStore();
  readonly clock = new FakeClock();
  readonly epochs = new EpochGate(this.clock);
  readonly ca = new FakeCa(this.clock);
  readonly counters = {
    streams: 0,
    streamsOpened: 0,
    requests: 0,
    responses: 0,
    resourcesSent: 0,
    bytesSent: 0,
    refusals: 0,
    leavesIssued: 0,
    framesBuilt: 0,
    sessionsFlushed: 0,
  };
  readonly cells = new ResourceCells(this.store, { kind: 'resource', compute: () => undefined });
  readonly frames = new FrameBook(
    () => this.counters.framesBuilt++,
    () => undefined,
  );
  readonly writes: Response[][] = [];
  readonly responses: { readonly type: ResourceType; readonly nonce: string; answered: boolean }[] = [];
  readonly stored: { readonly refused: EncodedResource; readonly refusal: StandingRefusal }[] = [];
  readonly cleared: string[] = [];
  ended: AppError | undefined;
  congested = false;
  maySendSecrets = true;
  /** For streams that are opened from now on. */
  drainTimeMs: number | undefined;
  session: ProxySession;
  #awake = false;
  /** Sessions that wait for their client to ask for listeners. */
  readonly #patient = new Set<ProxySession>();
  readonly #types = new Map<Response, ResourceType>();
  #taken = 0;

  constructor(names: RigNames) {
    this.session = this.open(names);
  }

  /** A new stream of the same proxy. */
  open(names: RigNames, more: Partial<ProxyNeeds> = {}): ProxySession {
    this.#taken = this.writes.length;
    this.responses.length = 0;
    const isCongested = () => this.congested;
    const newestIndex = () => this.store.index;
    const mayHaveSecrets = () => this.maySendSecrets;
    this.session = new ProxySession(
      {
        encode: (step) => {
          const responses = encodeDelta(step, this.frames, this.store.index, this.#lastNonce);
          this.#lastNonce = responses.at(-1)?.nonce ?? this.#lastNonce;
          for (const response of responses) this.#types.set(response, step.type);
          return responses;
        },
        write: (responses) => {
          this.writes.push([...responses]);
          for (const response of responses) {
            this.responses.push({ type: this.typeOf(response), nonce: response.nonce, answered: false });
          }
        },
        get congested() {
          return isCongested();
        },
        wake: () => {
          this.#awake = true;
        },
        end: (error) => {
          this.ended = error;
          this.session.close();
        },
        demand: () => undefined,
        clear: (type, name) => void this.cleared.push(`${type} ${name}`),
        wakeLater: (session) => void this.#patient.add(session),
        get maySendSecrets() {
          return mayHaveSecrets();
        },
        drainTimeMs: this.drainTimeMs,
        isDelta: true,
        epochs: this.epochs,
        clock: this.clock,
        cells: this.cells,
        counters: this.counters,
        get index() {
          return newestIndex();
        },
        leaves: { ca: this.ca, clock: this.clock, logger: { debug() {}, info() {}, warn() {}, error() {} } },
      },
      { ...needsOf(names), ...more },
    );
    return this.session;
  }

  readonly keeper: RefusalKeeper = {
    now: () => new Date(this.clock.now()).toISOString(),
    put: (refused, refusal) => void this.stored.push({ refused, refusal }),
    clear: (type, name) => void this.cleared.push(`${type} ${name}`),
    oddity: () => undefined,
  };

  /** Sets resource cells and takes one revision; then what was woken is flushed. */
  change(...resources: readonly EncodedResource[]): this {
    for (const resource of resources) this.store.set('resource', `${resource.type}/${resource.name}`, resource);
    this.store.flush();
    return this.run();
  }

  needs(names: RigNames, ...resources: readonly EncodedResource[]): this {
    this.session.needsChanged(needsOf(names));
    return this.change(...resources);
  }

  /** Needs of which a part does not compile. */
  incompleteNeeds(names: RigNames): this {
    this.session.needsChanged({ ...needsOf(names), keepsOthers: true });
    return this.change();
  }

  /** The time is over for which removals wait for a client to ask for listeners. */
  listenerGraceOver(): this {
    for (const session of this.#patient) {
      session.removalsOverdue = true;
      session.wake();
    }
    this.#patient.clear();
    return this.run();
  }

  run(): this {
    while (this.#awake) {
      this.#awake = false;
      this.session.flush();
    }
    return this;
  }

  request(
    type: ResourceType,
    parts: Partial<DiscoveryRequest> & { readonly claims?: Readonly<Record<string, string>> } = {},
  ): this {
    applyDelta(this.session, this.keeper, type, {
      node: undefined,
      typeUrl: '',
      subscribe: [],
      unsubscribe: [],
      versions: new Map(Object.entries(parts.claims ?? {})),
      nonce: '',
      error: undefined,
      ...parts,
    });
    return this.run();
  }

  /** Accepts all that is unanswered (of a type), in order. */
  ack(type?: ResourceType): this {
    for (const response of [...this.responses]) {
      if (response.answered || (type && response.type !== type)) continue;
      response.answered = true;
      this.request(response.type, { nonce: response.nonce });
    }
    return this;
  }

  /** Refuses the oldest unanswered response of a type. */
  nack(type: ResourceType, error = 'bad'): this {
    const response = this.responses.find((one) => !one.answered && one.type === type);
    if (!response) throw new Error(`nothing to refuse of ${type}`);
    response.answered = true;
    return this.request(type, { nonce: response.nonce, error });
  }

  /** What was written since the last look, one line per response. */
  lines(): string[] {
    const fresh = this.writes.slice(this.#taken).flat();
    this.#taken = this.writes.length;
    return fresh.map((response) => {
      const { items, removed } = response;
      const names = items.map(({ resource }) => resource.name);
      return [this.typeOf(response), ...names, ...(removed.length > 0 ? ['-', ...removed] : [])].join(' ');
    });
  }

  typeOf(response: Response): ResourceType {
    const type = this.#types.get(response);
    if (!type) throw new Error('a response that was not encoded here');
    return type;
  }

  /** Everything a sidecar asks for at its start, answered. */
  coldStart(): this {
    this.request('cluster');
    const { subscriptions } = this.session;
    const all = (type: ResourceType) => subscriptions[type].entries.values().map(({ name }) => name);
    if (all('endpoint').length > 0) this.request('endpoint', { subscribe: all('endpoint') });
    this.request('secret', { subscribe: all('secret') });
    this.request('listener');
    if (all('route').length > 0) this.request('route', { subscribe: all('route') });
    if (all('extension').length > 0) this.request('extension', { subscribe: all('extension') });
    this.ack();
    this.lines();
    return this;
  }
}

export function needsOf(names: RigNames): ProxyNeeds {
  const resources = new Map(
    Object.entries(names).map(([type, list]) => [
      type as ResourceType,
      new Map(list.map((one) => (typeof one === 'string' ? [one, `${type}/${one}`] : [one[0], one[1]]))),
    ]),
  );
  const identity = {
    node: 'n1',
    proxyId: 'web-sidecar-proxy',
    service: 'web',
    datacenter: 'dc1',
    trustDomain: 'test.consul',
    spiffeId: 'spiffe://test.consul/web',
  };
  return { identity, resources, problems: [] };
}
