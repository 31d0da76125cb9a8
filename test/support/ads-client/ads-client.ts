import { Client, type ClientDuplexStream, Metadata, type ServiceError, credentials, status } from '@grpc/grpc-js';
import { type Kind, kindOf, kinds, typeUrls } from './kinds.js';
import { type AnyMessage, messageRoot } from './message-types.js';
import { ProxyState, type ResponseNote, type SubscriptionChange } from './proxy-state.js';

export interface AdsClientOptions {
  /** host:port of the ADS server (plaintext gRPC). */
  readonly address: string;
  /** The id of the proxy service. */
  readonly nodeId: string;
  /** The service the proxy stands for. */
  readonly cluster?: string | undefined;
  /** Metadata `node_name`, for proxies that only the catalog knows. */
  readonly nodeName?: string | undefined;
  /** ACL token, sent as x-consul-token. */
  readonly token?: string | undefined;
  /** The Envoy version to claim. */
  readonly envoyVersion?: string | undefined;
  /** State of the world instead of delta. */
  readonly stateOfTheWorld?: boolean | undefined;
  /** How long nothing may come before a dump. */
  readonly quietMs?: number | undefined;
  /** The longest wait for one dump. */
  readonly maxMs?: number | undefined;
  /** The longest wait for a first answer about clusters and listeners. */
  readonly firstMs?: number | undefined;
}

export interface Dump {
  readonly node: string;
  readonly mode: 'delta' | 'sotw';
  readonly resources: Record<Kind, Record<string, unknown>>;
  readonly versions: Record<Kind, Record<string, string>>;
  readonly unanswered: Partial<Record<Kind, string[]>>;
  readonly responses: ResponseNote[];
  readonly problems: string[];
  readonly streams: number;
  readonly error?: string;
}

interface DeltaResponse {
  readonly type_url: string;
  readonly nonce: string;
  readonly resources: readonly {
    readonly name: string;
    readonly version: string;
    readonly resource: AnyMessage | null;
  }[];
  readonly removed_resources: readonly string[];
}

interface StateResponse {
  readonly type_url: string;
  readonly nonce: string;
  readonly version_info: string;
  readonly resources: readonly AnyMessage[];
}

const service = '/envoy.service.discovery.v3.AggregatedDiscoveryService/';
const codeName = (code: number): string =>
  (status[code] ?? 'UNKNOWN').replace(
    /([A-Z])([A-Z]*)_?/g,
    (_, first: string, rest: string) => first + rest.toLowerCase(),
  );
const sleep = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

/** One proxy's ADS stream, kept open with a few tries: a proxy that is registered a moment ago may not be known yet. */
export class AdsClient {
  private readonly state = new ProxyState();
  private readonly started = performance.now();
  private last = this.started;
  private listening = false;
  private streams = 0;
  private closed = false;
  private error: string | undefined;
  private client: Client | undefined;
  private stream: ClientDuplexStream<object, unknown> | undefined;
  private first = true;
  /** State of the world: nonce and accepted version of each kind. */
  private lastNonce = new Map<Kind, string>();
  private lastVersion = new Map<Kind, string>();
  private done: Promise<void> | undefined;
  private readonly ticking: NodeJS.Timeout;

  constructor(private readonly options: AdsClientOptions) {
    this.ticking = setInterval(() => this.maybeListen(), 50);
    this.done = this.run();
  }

  private get quietMs(): number {
    return this.options.quietMs ?? 500;
  }

  private async run(): Promise<void> {
    for (let tries = 0; !this.closed; tries++) {
      this.state.reset();
      this.listening = false;
      this.first = true;
      this.lastNonce.clear();
      this.lastVersion.clear();
      this.streams++;
      const ended = await this.oneStream();
      if (this.closed) return;
      this.error = `${codeName(ended.code)}: ${ended.details}`;
      this.state.problem(`stream ended: ${codeName(ended.code)}`);
      await sleep(tries > 8 ? 1000 : 250);
    }
  }

  private oneStream(): Promise<{ code: number; details: string }> {
    const sotw = this.options.stateOfTheWorld === true;
    const root = messageRoot();
    const request = root.lookupType(`envoy.service.discovery.v3.${sotw ? '' : 'Delta'}DiscoveryRequest`);
    const response = root.lookupType(`envoy.service.discovery.v3.${sotw ? '' : 'Delta'}DiscoveryResponse`);
    const metadata = new Metadata();
    if (this.options.token) metadata.set('x-consul-token', this.options.token);
    const client = new Client(this.options.address, credentials.createInsecure(), {
      'grpc.max_receive_message_length': 64 << 20,
    });
    const stream = client.makeBidiStreamRequest<object, unknown>(
      service + (sotw ? 'StreamAggregatedResources' : 'DeltaAggregatedResources'),
      (message) => Buffer.from(request.encode(request.fromObject(message)).finish()),
      (bytes) => response.decode(bytes),
      metadata,
    );
    this.client = client;
    this.stream = stream;
    this.send('clusters', {});
    return new Promise((resolve) => {
      const end = (code: number, details: string) => {
        client.close();
        resolve({ code, details });
      };
      stream.on('data', (message: unknown) =>
        sotw ? this.onState(message as StateResponse) : this.onDelta(message as DeltaResponse),
      );
      stream.on('error', (error: ServiceError) => end(error.code, error.details));
      stream.on('end', () => end(status.OK, 'the server ended the stream'));
    });
  }

  private node(): object {
    const [major = 0, minor = 0, patch = 0] = (this.options.envoyVersion ?? '1.34.1').split('.').map(Number);
    const metadata: Record<string, string> = { namespace: 'default', partition: 'default' };
    if (this.options.nodeName) metadata['node_name'] = this.options.nodeName;
    return {
      id: this.options.nodeId,
      cluster: this.options.cluster ?? '',
      metadata: {
        fields: Object.fromEntries(Object.entries(metadata).map(([key, value]) => [key, { stringValue: value }])),
      },
      user_agent_name: 'envoy',
      user_agent_build_version: { version: { major_number: major, minor_number: minor, patch } },
    };
  }

  private send(kind: Kind, parts: { plus?: string[]; minus?: string[]; nonce?: string; refused?: string }): void {
    const { plus = [], minus = [], nonce = '', refused } = parts;
    const common = {
      type_url: typeUrls[kind],
      ...(this.first ? { node: this.node() } : {}),
      ...(refused ? { error_detail: { code: status.INVALID_ARGUMENT, message: refused } } : {}),
    };
    this.first = false;
    if (this.options.stateOfTheWorld) {
      this.stream?.write({
        ...common,
        response_nonce: this.lastNonce.get(kind) ?? '',
        version_info: this.lastVersion.get(kind) ?? '',
        resource_names: [...this.state.subscribed[kind]].sort(),
      });
    } else {
      this.stream?.write({
        ...common,
        response_nonce: nonce,
        resource_names_subscribe: plus,
        resource_names_unsubscribe: minus,
      });
    }
  }

  private kindOfResponse(url: string): Kind | undefined {
    this.last = performance.now();
    const kind = kindOf(url);
    if (!kind) this.state.problem(`response of an unknown type "${url}"`);
    return kind;
  }

  private onDelta(response: DeltaResponse): void {
    const kind = this.kindOfResponse(response.type_url);
    if (!kind) return;
    const { state } = this;
    state.noteNonce(kind, response.nonce);
    let refused = '';
    const names: string[] = [];
    for (const one of response.resources) {
      if (one.version === '') state.problem(`${kind}: resource without a version`);
      const stored = state.store(kind, one.name, one.version, one.resource);
      names.push(stored.name);
      refused = stored.refused || refused;
    }
    for (const name of response.removed_resources) state.remove(kind, name);
    state.finish(kind, names, response.removed_resources);
    // Envoy subscribes to what the update names before it acknowledges it.
    this.sendChanges(state.resubscribe());
    this.send(kind, { nonce: response.nonce, refused });
    this.maybeListen();
  }

  private onState(response: StateResponse): void {
    const kind = this.kindOfResponse(response.type_url);
    if (!kind) return;
    const { state } = this;
    state.noteNonce(kind, response.nonce, true);
    if (response.version_info === '') state.problem(`${kind}: response without a version`);
    let refused = '';
    const names: string[] = [];
    for (const one of response.resources) {
      const stored = state.store(kind, '', response.version_info, one);
      names.push(stored.name);
      refused = stored.refused || refused;
    }
    const whole = kind === 'clusters' || kind === 'listeners';
    const removed = whole ? state.keepOnly(kind, new Set(names)) : [];
    if (!refused) this.lastVersion.set(kind, response.version_info);
    this.lastNonce.set(kind, response.nonce);
    state.finish(kind, names, removed);
    this.sendChanges(state.resubscribe(), kind);
    this.send(kind, { refused });
    this.maybeListen();
  }

  private sendChanges({ plus, minus }: SubscriptionChange, except?: Kind): void {
    for (const kind of kinds) {
      if (kind !== except && plus[kind].length + minus[kind].length > 0)
        this.send(kind, { plus: plus[kind], minus: minus[kind] });
    }
  }

  /** Asks for listeners once the clusters are settled, as Envoy does; some endpoints may never come (Envoy's fetch timeout, shortened). */
  private maybeListen(): void {
    if (this.listening || !this.stream || this.closed) return;
    const now = performance.now();
    const gaveUp = now - this.last > this.quietMs && now - this.started > this.quietMs;
    if (!this.state.clustersSettled() && !gaveUp) return;
    this.listening = true;
    this.last = now;
    this.send('listeners', {});
  }

  /** Says that a change is about to be made: responses are numbered from here. */
  mark(): void {
    this.state.phase++;
    this.last = performance.now();
  }

  private async waitQuiet(): Promise<void> {
    const begin = performance.now();
    const { maxMs = 10_000, firstMs = 5_000 } = this.options;
    for (;;) {
      await sleep(20);
      const now = performance.now();
      const full = this.state.answered.has('clusters') && this.state.answered.has('listeners');
      const quiet = now - this.last >= this.quietMs && now - begin >= this.quietMs;
      if (quiet && (full || now - begin > firstMs)) return;
      if (now - begin > maxMs) return;
    }
  }

  /** Waits until nothing came for the quiet time and shows everything. */
  async dump(): Promise<Dump> {
    await this.waitQuiet();
    const { state } = this;
    return {
      node: this.options.nodeId,
      mode: this.options.stateOfTheWorld ? 'sotw' : 'delta',
      resources: state.resources(),
      versions: state.versions(),
      unanswered: state.unanswered(),
      responses: [...state.responses],
      problems: [...state.problems].sort(),
      streams: this.streams,
      ...(this.error !== undefined && !state.answered.has('clusters') ? { error: this.error } : {}),
    };
  }

  /** Ends the stream. */
  async close(): Promise<void> {
    this.closed = true;
    clearInterval(this.ticking);
    this.stream?.cancel();
    this.client?.close();
    await this.done;
  }
}
