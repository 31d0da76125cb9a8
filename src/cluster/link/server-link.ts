import type { SecureContextOptions } from 'node:tls';
import { type KeyObject, X509Certificate } from 'node:crypto';
import { BehaviorSubject, filter, map, type Observable, Subject } from 'rxjs';
import { AppError, type Clock } from '../../core/index.js';
import { createAgentKey, type JoinToken, proofOfKey } from '../credentials/index.js';
import type {
  AdsOptions,
  AdsRelay,
  AgentFacts,
  LinkRequest,
  LinkResponse,
  LinkState,
  ServerLink,
  ServerPeer,
} from '../contract.js';
import { type Resolve, resolveJoinAddresses } from '../join-addresses.js';
import { contextOf, keyName, serverNameOf } from '../trust.js';
import type { RenewedCredentials } from '../renewed-credentials.js';
import { callUnary, type ChannelTls } from '../wire/channel.js';
import { clusterService } from '../wire/cluster-api.js';
import type { TrustedKey } from '../wire/messages.js';
import {
  authorityHash,
  type CredentialsKeeper,
  type HeldCredentials,
  heldCredentials,
  joinThrough,
  keepCredentials,
  readKept,
  tokenOf,
} from './agent-credentials.js';
import { openAdsRelay } from './ads-relay.js';
import { HeartbeatSession } from './heartbeat-session.js';
import { NotSent } from './http-relay.js';
import { ServerConnections } from './server-connections.js';
import type { Measured } from '../../discovery/coordinates/index.js';
import { locate } from '../wire/locate.js';

const WELCOME_MS = 6000;
/** Pause between rounds of attempts of an agent that was joined before. */
const AGAIN_MS = 1000;
/** How often an agent draws its server anew, so that one that came back gets its share. */
const REBALANCE_MS = 150_000;
const RENEW_CHECK_MS = 60_000;
const DNS_MS = 5000;
const CERTIFY_MS = 5000;
const MOST_SERVERS_TRIED = 3;

export interface ServerLinkParts {
  readonly facts: AgentFacts;
  /** Addresses that are tried until one answers; `max` attempts, 0 = for ever. */
  readonly join: { readonly addresses: readonly string[]; readonly intervalMs: number; readonly max: number };
  /** How the agent is let in: by token, or with certificates of its own (`tls.internal_rpc`). */
  readonly admission:
    | { readonly token: JoinToken; readonly keeper?: CredentialsKeeper }
    | { readonly files: RenewedCredentials; readonly domain: string; readonly tls: SecureContextOptions };
  readonly clock: Clock;
  /** 0 to 1. */
  readonly random: () => number;
  readonly resolve: Resolve;
  readonly logger: { info(fields: object, message: string): void; warn(fields: object, message: string): void };
  /** All attempts are used up. */
  readonly onGiveUp: (error: AppError) => void;
}

/** Connects a client agent with its servers; it begins at once and goes on until `leave` or `close`. */
export function createServerLink(parts: ServerLinkParts): ServerLink {
  return new Link(parts);
}

class Link implements ServerLink {
  readonly #parts: ServerLinkParts;
  readonly #serverName: string;
  readonly #state$ = new BehaviorSubject<LinkState>({ kind: 'searching' });
  readonly #servers$ = new BehaviorSubject<readonly ServerPeer[]>([]);
  readonly #drained$ = new Subject<string>();
  readonly #joinAddresses: Set<string>;
  readonly #cancels = new Set<() => void>();
  #credentials: HeldCredentials | undefined;
  /** What the servers told of the cluster's keys last. */
  #keys: readonly TrustedKey[] = [];
  /** The heartbeat that is being replaced by one over a newer connection. */
  #moving: HeartbeatSession | undefined;
  #connections: ServerConnections | undefined;
  #renewing: KeyObject | undefined;
  #facts: AgentFacts;
  #session: { readonly heartbeat: HeartbeatSession; readonly server: ServerPeer } | undefined;
  #wake: (() => void) | undefined;
  #onFarewell: (() => void) | undefined;
  #hasJoined = false;
  #isClosed = false;
  #lastProblem = '';

  constructor(parts: ServerLinkParts) {
    this.#parts = parts;
    this.#facts = parts.facts;
    this.#joinAddresses = new Set(parts.join.addresses);
    const { admission, facts, clock } = parts;
    this.#serverName = serverNameOf(facts.datacenter, 'files' in admission ? admission.domain : 'consul');
    if ('files' in admission) {
      const tls = (): ChannelTls => ({
        context: contextOf({ credentials: admission.files, tls: admission.tls }),
        serverName: this.#serverName,
        asks: this.#serverName,
      });
      this.#connections = new ServerConnections(tls());
      this.#cancels.add(admission.files.onChange(() => this.#connections?.renew(tls())));
    } else {
      const { credentials, keys } = readKept(admission.keeper, facts.nodeName, admission.token, clock);
      this.#keys = keys;
      if (credentials !== undefined) this.#use(credentials);
    }
    this.#every(RENEW_CHECK_MS, () => this.#renewInTime());
    this.#every(REBALANCE_MS * (1 + parts.random()), () => this.#rebalance());
    void this.#run();
  }

  get state$(): Observable<LinkState> {
    return this.#state$;
  }

  get servers$(): Observable<readonly ServerPeer[]> {
    return this.#servers$;
  }

  get identity(): ServerLink['identity'] {
    if (this.#credentials === undefined) return undefined;
    const { clusterId, notAfterMs } = this.#credentials;
    return { clusterId, node: this.#facts.nodeName, notAfterMs };
  }

  async request(request: LinkRequest): Promise<LinkResponse> {
    return this.#attempt(
      undefined,
      (server, connections) => connections.http(server).send(request),
      (error) =>
        // A read may be sent again, whatever has become of the first.
        error instanceof NotSent || (request.method === 'GET' && error.code === 'unavailable'),
    );
  }

  async dns(message: Uint8Array, from: Parameters<ServerLink['dns']>[1]): Promise<Buffer> {
    return this.#attempt(
      undefined,
      async (server, connections) => {
        const call = { address: server.address, timeoutMs: DNS_MS };
        const answer = await callUnary(
          connections.client(server.address),
          clusterService().Dns,
          { message, ...from },
          call,
        );
        return Buffer.from(answer.message);
      },
      (error) => error.code === 'unavailable',
    );
  }

  async measure({ address }: ServerPeer): Promise<Measured> {
    if (this.#connections === undefined || this.#isClosed)
      throw new AppError('unavailable', 'no server was joined yet');
    return locate(this.#connections.client(address), address);
  }

  certify(request: Parameters<ServerLink['certify']>[0]): ReturnType<ServerLink['certify']> {
    const { nodeName } = this.#facts;
    return this.#attempt(
      undefined,
      (server, connections) =>
        callUnary(
          connections.client(server.address),
          clusterService().Certify,
          { ...request, nodeName },
          {
            address: server.address,
            timeoutMs: CERTIFY_MS,
          },
        ),
      // Another server may be newer, or nearer to its authority.
      (error) => error.code === 'unavailable' || error.code === 'unsupported',
    );
  }

  openAds(options: AdsOptions): Promise<AdsRelay> {
    return this.#attempt(
      options.avoid,
      (server, connections) => {
        const draining$ = this.#drained$.pipe(
          filter((id) => id === server.id),
          map(() => undefined),
        );
        return Promise.resolve(openAdsRelay(connections.client(server.address), server, options, draining$));
      },
      () => false,
    );
  }

  update(facts: AgentFacts): void {
    this.#facts = facts;
    this.#session?.heartbeat.tell(facts);
  }

  async join(given: readonly string[]): Promise<number> {
    const problems: string[] = [];
    const addresses = await resolveJoinAddresses(given, this.#parts.resolve, (problem) => problems.push(problem));
    let reached = 0;
    for (const address of addresses) {
      try {
        const connections = await this.#contact(address);
        const nothing = { message: new Uint8Array(), tcp: false, clientAddress: '', settings: '' };
        await callUnary(connections.client(address), clusterService().Dns, nothing, { address, timeoutMs: DNS_MS });
        reached += 1;
      } catch (thrown) {
        problems.push(`${address}: ${AppError.from(thrown).message}`);
      }
    }
    if (reached === 0)
      throw new AppError('unavailable', `no server was reached: ${problems.join('; ') || 'no address was given'}`);
    for (const address of addresses) this.#joinAddresses.add(address);
    this.#wake?.();
    return reached;
  }

  async leave(timeoutMs: number): Promise<void> {
    const session = this.#session;
    if (session !== undefined && !this.#isClosed) {
      const left = new Promise<void>((resolve) => {
        this.#onFarewell = resolve;
        this.#after(timeoutMs, resolve);
      });
      session.heartbeat.send({ leave: {} });
      await left;
    }
    this.#state$.next({ kind: 'left' });
    this.close();
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    for (const cancel of this.#cancels) cancel();
    this.#session?.heartbeat.close();
    this.#session = undefined;
    this.#connections?.close();
    this.#wake?.();
    if (this.#state$.value.kind !== 'left') this.#state$.next({ kind: 'left' });
    this.#state$.complete();
    this.#servers$.complete();
    this.#drained$.complete();
  }

  /** Rounds of attempts until a server holds the heartbeat; woken again when it is lost. */
  async #run(): Promise<void> {
    let vain = 0;
    while (!this.#isClosed) {
      if (await this.#round()) {
        vain = 0;
        if (this.#session !== undefined) await this.#sleep(undefined);
        continue;
      }
      vain += 1;
      const { max, intervalMs } = this.#parts.join;
      if (!this.#hasJoined && max > 0 && vain >= max) {
        const problem = `no server was joined in ${max} attempts: ${this.#lastProblem || 'no address is known'}`;
        this.#parts.onGiveUp(new AppError('unavailable', problem));
        return;
      }
      const pauseMs = this.#hasJoined ? Math.min(AGAIN_MS * vain, intervalMs) : intervalMs;
      await this.#sleep(pauseMs * (0.75 + this.#parts.random() / 2));
    }
  }

  /** Tries every candidate once. Whether a server holds the heartbeat now. */
  async #round(): Promise<boolean> {
    const joinAddresses = await resolveJoinAddresses([...this.#joinAddresses], this.#parts.resolve, (problem) =>
      this.#note(new AppError('unavailable', problem)),
    );
    const known = this.#ordered(this.#session?.server.id).map(({ address }) => address);
    for (const address of new Set([...known, ...shuffled(joinAddresses, this.#parts.random)])) {
      if (this.#isClosed) return false;
      if (this.#session?.server.address === address && !this.#isDraining(this.#session.server)) return true;
      try {
        await this.#holdAt(address);
        return true;
      } catch (thrown) {
        const error = AppError.from(thrown);
        this.#note(error);
        if (error.code === 'unavailable') this.#connections?.breakOff(address);
      }
    }
    return this.#session !== undefined;
  }

  async #holdAt(address: string): Promise<void> {
    const connections = await this.#contact(address);
    const before = this.#session;
    await new Promise<void>((resolve, reject) => {
      const cancel = this.#after(WELCOME_MS, () => {
        heartbeat.close();
        reject(new AppError('unavailable', `the server at ${address} does not answer`));
      });
      const heartbeat: HeartbeatSession = new HeartbeatSession(
        connections.client(address),
        address,
        this.#facts,
        this.#parts.clock,
        {
          welcomed: (server, servers) => {
            cancel();
            this.#hold(heartbeat, server, servers);
            before?.heartbeat.close();
            resolve();
          },
          servers: (servers) => this.#learn(servers),
          renewed: (certPem) => this.#renewed(certPem),
          keys: (keys) => this.#learnKeys(keys),
          farewell: () => this.#onFarewell?.(),
          silent: () => connections.breakOff(address),
          ended: (error) => {
            cancel();
            reject(error);
            this.#lost(heartbeat, error);
          },
        },
      );
    });
  }

  #hold(heartbeat: HeartbeatSession, server: ServerPeer, servers: readonly ServerPeer[]): void {
    this.#session = { heartbeat, server };
    this.#renewing = undefined;
    this.#hasJoined = true;
    this.#lastProblem = '';
    this.#parts.logger.info({ server: server.name, address: server.address }, 'joined the cluster');
    this.#learn(servers);
    this.#state$.next({ kind: 'joined', server });
  }

  #lost(heartbeat: HeartbeatSession, error: AppError): void {
    // A certificate that is not taken any more: the token lets in again.
    if (error.code === 'unauthenticated' && 'token' in this.#parts.admission) this.#credentials = undefined;
    if (this.#session?.heartbeat !== heartbeat || this.#moving === heartbeat || this.#isClosed) return;
    this.#session = undefined;
    this.#onFarewell?.();
    this.#note(error);
    this.#state$.next({ kind: 'searching', problem: error });
    this.#wake?.();
  }

  /** Credentials for the server at the address, which let the agent in when it has none. */
  async #contact(address: string): Promise<ServerConnections> {
    const { admission } = this.#parts;
    if ('token' in admission && this.#credentials === undefined) {
      const { credentials, servers } = await this.#joinAt(address, admission.token);
      this.#use(credentials);
      this.#keep();
      this.#learn(servers);
    }
    return this.#connections as ServerConnections;
  }

  /** By the token of a key that the servers told of since, or the given one. */
  async #joinAt(address: string, given: JoinToken): ReturnType<typeof joinThrough> {
    let problem: AppError | undefined;
    for (const token of [...this.#keys.map(tokenOf), given]) {
      try {
        return await joinThrough(address, token, this.#facts, this.#serverName);
      } catch (thrown) {
        problem = AppError.from(thrown);
        if (problem.code !== 'unauthenticated' && problem.code !== 'permissionDenied') break;
      }
    }
    throw problem as AppError;
  }

  #use(credentials: HeldCredentials): void {
    this.#credentials = credentials;
    this.#keys = credentials.keys;
    const { caPem: ca, certPem: cert, keyPem: key } = credentials;
    const context: SecureContextOptions = { ca, cert, key, minVersion: 'TLSv1.2' };
    const asks = keyName(authorityHash(credentials.key), this.#serverName);
    const tls: ChannelTls = { context, serverName: this.#serverName, asks };
    if (this.#connections === undefined) this.#connections = new ServerConnections(tls);
    else this.#connections.renew(tls);
  }

  #keep(): void {
    const { admission } = this.#parts;
    if (!('token' in admission) || this.#credentials === undefined) return;
    try {
      keepCredentials(admission.keeper, this.#credentials, this.#facts.nodeName, admission.token);
    } catch (thrown) {
      this.#note(AppError.from(thrown));
    }
  }

  #learn(servers: readonly ServerPeer[]): void {
    const before = this.#servers$.value;
    this.#servers$.next(servers);
    for (const { address } of before)
      if (!servers.some((server) => server.address === address)) this.#connections?.breakOff(address);
    for (const { id, draining } of servers)
      if (draining && before.some((server) => server.id === id && !server.draining)) this.#drained$.next(id);
    if (this.#session !== undefined && this.#isDraining(this.#session.server)) this.#wake?.();
  }

  #isDraining({ id }: ServerPeer): boolean {
    const others = this.#servers$.value.some((server) => server.id !== id && !server.draining);
    return others && this.#servers$.value.some((server) => server.id === id && server.draining);
  }

  /** Servers in the order to be tried: the one that holds the heartbeat, then the others by chance, the draining ones last. */
  #ordered(first: string | undefined, avoid?: string): ServerPeer[] {
    const rank = (server: ServerPeer): number =>
      (server.id === avoid ? 4 : 0) + (server.draining ? 2 : 0) + (server.id === first ? 0 : 1);
    return shuffled(this.#servers$.value, this.#parts.random).sort((left, right) => rank(left) - rank(right));
  }

  async #attempt<Result>(
    avoid: string | undefined,
    ask: (server: ServerPeer, connections: ServerConnections) => Promise<Result>,
    mayGoOn: (error: AppError) => boolean,
  ): Promise<Result> {
    const servers = this.#ordered(this.#session?.server.id, avoid).slice(0, MOST_SERVERS_TRIED);
    let problem = new AppError(
      'unavailable',
      `No known Consul servers: ${this.#lastProblem || 'none has answered yet'}`,
    );
    for (const server of servers) {
      if (this.#connections === undefined || this.#isClosed) break;
      try {
        return await ask(server, this.#connections);
      } catch (thrown) {
        problem = AppError.from(thrown);
        if (!mayGoOn(problem)) break;
      }
    }
    throw problem;
  }

  #rebalance(): void {
    const others = this.#servers$.value.filter(({ draining }) => !draining);
    const drawn = others[Math.floor(this.#parts.random() * others.length)];
    if (drawn === undefined || this.#session === undefined || drawn.id === this.#session.server.id) return;
    this.#holdAt(drawn.address).catch((thrown: unknown) => this.#note(AppError.from(thrown)));
  }

  #renewInTime(): void {
    const halfTimeMs = 36 * 60 * 60_000;
    if (this.#credentials !== undefined && this.#credentials.notAfterMs - this.#parts.clock.now() <= halfTimeMs)
      this.#renew();
  }

  #renew(): void {
    if (this.#session === undefined || this.#renewing !== undefined || !('token' in this.#parts.admission)) return;
    const { privateKey, publicKeyInfo: publicKey } = createAgentKey();
    this.#renewing = privateKey;
    this.#session.heartbeat.send({ renew: { publicKey, proof: proofOfKey(privateKey, this.#facts.nodeName) } });
  }

  #renewed(certPem: string): void {
    if (this.#renewing === undefined || this.#credentials === undefined) return;
    // It may be the answer to a wish before this one.
    if (!new X509Certificate(certPem).checkPrivateKey(this.#renewing)) return;
    const keyPem = this.#renewing.export({ type: 'pkcs8', format: 'pem' }) as string;
    this.#renewing = undefined;
    const { keys, key } = this.#credentials;
    try {
      this.#use(heldCredentials(keys, certPem, keyPem));
    } catch (thrown) {
      // Of a key that this agent was not told of.
      this.#note(AppError.from(thrown));
      return;
    }
    this.#keep();
    if (this.#credentials.key !== key) void this.#moveOver();
  }

  /** What the servers say over a connection that is verified counts, whatever the agent was given first. */
  #learnKeys(keys: readonly TrustedKey[]): void {
    const held = this.#credentials;
    const [primary] = keys;
    if (held === undefined || primary === undefined) return;
    const isSame = held.keys.length === keys.length && keys.every((key, at) => sameKey(key, held.keys[at]));
    if (!isSame) {
      try {
        this.#use(heldCredentials(keys, held.certPem, held.keyPem));
      } catch (thrown) {
        // The key of its own certificate is no longer trusted: the servers will end the connection.
        this.#note(AppError.from(thrown));
        return;
      }
      this.#keep();
    }
    if (!sameKey(primary, this.#credentials?.key)) this.#renew();
    this.#tellKeys();
  }

  #tellKeys(): void {
    if (this.#credentials === undefined) return;
    const { keys, key } = this.#credentials;
    this.#session?.heartbeat.send({ keys: { authorities: keys.map(authorityHash), inUse: authorityHash(key) } });
  }

  /** To connections with the certificate of a newer key: the heartbeat now, and streams of proxies as their owners see fit. */
  async #moveOver(): Promise<void> {
    const session = this.#session;
    if (session === undefined) return;
    this.#moving = session.heartbeat;
    const problem = await this.#holdAt(session.server.address).then(() => undefined, AppError.from);
    this.#moving = undefined;
    for (const { id } of this.#servers$.value) this.#drained$.next(id);
    if (problem === undefined || this.#session !== session) return;
    session.heartbeat.close();
    this.#lost(session.heartbeat, problem);
  }

  /** Each sentence once in a row: attempts go on for ever. */
  #note(error: AppError): void {
    if (this.#isClosed) return;
    if (error.message !== this.#lastProblem) this.#parts.logger.warn({}, `cluster: ${error.message}`);
    this.#lastProblem = error.message;
    if (this.#session === undefined) this.#state$.next({ kind: 'searching', problem: error });
  }

  /** Until `wake`, or the time is over. */
  #sleep(ms: number | undefined): Promise<void> {
    return new Promise((resolve) => {
      const cancel = ms === undefined ? (): void => undefined : this.#after(ms, () => this.#wake?.());
      this.#wake = () => {
        this.#wake = undefined;
        cancel();
        resolve();
      };
      if (this.#isClosed) this.#wake();
    });
  }

  #after(ms: number, task: () => void): () => void {
    const stop = this.#parts.clock.after(ms, () => {
      this.#cancels.delete(cancel);
      task();
    });
    const cancel = (): void => {
      this.#cancels.delete(cancel);
      stop();
    };
    this.#cancels.add(cancel);
    return cancel;
  }

  #every(ms: number, task: () => void): void {
    this.#after(ms, () => {
      task();
      this.#every(ms, task);
    });
  }
}

function shuffled<Item>(items: readonly Item[], random: () => number): Item[] {
  return items
    .map((item) => ({ item, at: random() }))
    .sort((left, right) => left.at - right.at)
    .map(({ item }) => item);
}

const sameKey = (left: TrustedKey, right: TrustedKey | undefined): boolean => left.authorityPem === right?.authorityPem;
