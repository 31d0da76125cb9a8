import type { Subscription as Unsubscribable } from 'rxjs';
import type { AdsRelay, ServerLink } from '../../cluster/index.js';
import { AppError, backOffMs, type Clock } from '../../core/index.js';
import {
  type DiscoveryRequest,
  scanDeltaRequest,
  scanStateOfTheWorldRequest,
} from '../../xds/server/discovery-request.js';
import { scanNode } from '../../xds/server/node-scan.js';
import {
  type DeltaResource,
  deltaRequest,
  deltaResponse,
  NONCE,
  scanDeltaResponse,
  scanWholeResponse,
  wholeRequest,
  withNonce,
} from './messages.js';
import { isSecretType, type ProxyRecord } from './proxy-record.js';
import type { ProxyRecords } from './proxy-records.js';
import { Subscription } from './subscriptions.js';

/** A proxy that begins is given what is kept when no server has come for so long. */
const OFFLINE_AFTER_MS = 500;
/** What a proxy has at rest is all that is kept of it. */
const AT_REST_MS = 5_000;
const BACK_OFF = { firstMs: 250, longestMs: 5_000 };
/** Nonces of answers from what is kept. */
const KEPT = 'k';
/** These concern the proxy itself, and no other server would say otherwise. */
const FINAL: ReadonlySet<string> = new Set(['invalidArgument', 'permissionDenied']);

export interface RelayLogger {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
}

export interface ProxyRelayParts {
  readonly protocol: 'delta' | 'state-of-the-world';
  /** This agent's node: its proxies are the only ones here. */
  readonly node: string;
  /** What servers must see of the proxy's own stream. */
  readonly metadata: Readonly<Record<string, string>>;
  readonly link: Pick<ServerLink, 'openAds'>;
  readonly servers: { readonly isReachable: boolean; onReachable(listener: () => void): () => void };
  readonly records: ProxyRecords;
  /** Whether the proxy may be given private keys on its connection. */
  readonly maySendSecrets: boolean;
  readonly clock: Clock;
  /** 0 <= random() < 1. */
  readonly random: () => number;
  readonly logger: RelayLogger;
  /** The server is about to go: `move` is to be called in a while. */
  readonly onDraining: (move: () => void) => void;
  /** To the proxy. */
  readonly send: (message: Buffer) => void;
  /** Ends the proxy's stream. */
  readonly end: (error: AppError) => void;
}

/**
 * One proxy's stream. While a server is there, messages go both ways as they are, but for the nonce, which says from which of the
 * streams to servers an answer is. What the proxy accepts is kept; with no server there a proxy that begins is given that. A new
 * stream to a server begins like that of a proxy that comes back: with all it wants and the versions of what it has.
 */
export class ProxyRelay {
  readonly #parts: ProxyRelayParts;
  readonly #types = new Map<string, Subscription>();
  #node: Buffer | undefined;
  #record: ProxyRecord | undefined;
  #upstream: AdsRelay | undefined;
  #listening: Unsubscribable | undefined;
  #isOpening = false;
  #epoch = 0;
  #kept = 0;
  #isOffline = false;
  #failures = 0;
  #cancelRetry: (() => void) | undefined;
  #cancelOffline: (() => void) | undefined;
  #cancelRest: (() => void) | undefined;
  readonly #stopWatching: () => void;
  #isOver = false;
  #fields: object = {};

  constructor(parts: ProxyRelayParts) {
    this.#parts = parts;
    this.#stopWatching = parts.servers.onReachable(() => {
      if (this.#upstream === undefined && !this.#isOpening) this.#retryIn(this.#parts.random() * BACK_OFF.firstMs);
    });
  }

  /** A message of the proxy. */
  receive(message: Buffer): void {
    if (this.#isOver) return;
    try {
      const isDelta = this.#parts.protocol === 'delta';
      const request = isDelta ? scanDeltaRequest(message) : scanStateOfTheWorldRequest(message);
      if (this.#node === undefined) this.#begin(request);
      this.#take(request, message);
    } catch (thrown) {
      this.close();
      this.#parts.end(AppError.from(thrown));
    }
  }

  /** The proxy is gone, or the agent goes. */
  close(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#stopWatching();
    this.#cancelRetry?.();
    this.#cancelOffline?.();
    this.#cancelRest?.();
    this.#leaveUpstream();
  }

  #begin({ node }: DiscoveryRequest): void {
    if (node === undefined)
      throw new AppError('invalidArgument', 'the first request of a stream has no node; set node.id in the bootstrap');
    const { id, metadata } = scanNode(node);
    const named = metadata.get('node_name');
    if (id === '')
      throw new AppError(
        'invalidArgument',
        'the node has no id; set node.id in the bootstrap to the id of the proxy service',
      );
    if (named && named.toLowerCase() !== this.#parts.node.toLowerCase())
      throw new AppError(
        'permissionDenied',
        `the agent of node "${this.#parts.node}" serves proxies of that node only, not of "${named}": correct node_name in the bootstrap`,
      );
    this.#node = Buffer.from(node.bytes.subarray(node.start, node.end));
    this.#record = this.#parts.records.of(`${this.#parts.protocol} ${id}`);
    this.#fields = { proxy: id };
    this.#offlineSoon();
    if (this.#parts.servers.isReachable) void this.#open();
    else this.#retryIn(BACK_OFF.longestMs);
  }

  #take(request: DiscoveryRequest, message: Buffer): void {
    const type = this.#types.get(request.typeUrl) ?? new Subscription(request.typeUrl);
    this.#types.set(request.typeUrl, type);
    const isDelta = this.#parts.protocol === 'delta';
    if (isDelta) type.take(request);
    else type.takeWhole(request);
    const origin = request.nonce === '' ? undefined : originOf(request.nonce);
    if (origin !== undefined) this.#settle(type, request);
    if (this.#upstream !== undefined) {
      if (origin === undefined) this.#upstream.send(message);
      else if (origin.stream === String(this.#epoch))
        this.#upstream.send(withNonce(message, NONCE[this.#parts.protocol], origin.nonce));
      else this.#passWishes(this.#upstream, request);
    } else if (this.#isOffline) this.#serveKept(type);
  }

  /** An answer to a server that is gone says nothing to the one there is now, but for what it asks for besides. */
  #passWishes(upstream: AdsRelay, { typeUrl, subscribe, unsubscribe }: DiscoveryRequest): void {
    if (this.#parts.protocol === 'state-of-the-world') {
      const type = this.#types.get(typeUrl);
      if (type !== undefined) upstream.send(wholeRequest(undefined, typeUrl, type.firstNames(), type.version));
    } else if (subscribe.length > 0 || unsubscribe.length > 0)
      upstream.send(deltaRequest({ node: undefined, typeUrl, subscribe, unsubscribe, versions: new Map() }));
  }

  /** The proxy has accepted or refused what it was sent. */
  #settle(type: Subscription, { nonce, error }: DiscoveryRequest): void {
    const record = this.#record;
    if (error !== undefined && nonce.startsWith(`${KEPT}.`))
      this.#parts.logger.warn({ ...this.#fields, type: type.typeUrl }, `a proxy refuses what was kept of it: ${error}`);
    const accepted = type.settle(nonce, error === undefined);
    if (accepted === undefined || record === undefined || nonce.startsWith(`${KEPT}.`)) return;
    if (this.#parts.protocol === 'delta') record.accept(type.typeUrl, accepted.resources, accepted.removed);
    else
      for (const { version, bytes } of accepted.resources) {
        type.version = version;
        record.acceptWhole(type.typeUrl, bytes);
      }
    this.#parts.records.changed(record);
    this.#cancelRest?.();
    this.#cancelRest = this.#parts.clock.after(AT_REST_MS, () => this.#forgetOthers(record));
  }

  /** Once nothing is under way, what the proxy does not have is of an earlier time. */
  #forgetOthers(record: ProxyRecord): void {
    const types = [...this.#types.values()];
    if (this.#upstream === undefined || types.some(({ pending }) => pending.size > 0)) return;
    for (const { typeUrl, held } of types) if (held.size > 0) record.keepOnly(typeUrl, new Set(held.keys()));
    this.#parts.records.changed(record);
  }

  async #open(avoid?: string): Promise<void> {
    if (this.#isOpening || this.#isOver) return;
    this.#isOpening = true;
    try {
      const { link, protocol, metadata } = this.#parts;
      const upstream = await link.openAds({ protocol, metadata, ...(avoid === undefined ? {} : { avoid }) });
      this.#isOpening = false;
      if (this.#isOver) return upstream.end();
      this.#use(upstream);
    } catch (thrown) {
      this.#isOpening = false;
      this.#lost(AppError.from(thrown), avoid);
    }
  }

  #use(upstream: AdsRelay): void {
    this.#leaveUpstream();
    this.#epoch += 1;
    this.#upstream = upstream;
    const epoch = this.#epoch;
    let node = this.#node;
    for (const type of this.#types.values()) {
      upstream.send(this.#firstRequest(type, node));
      node = undefined;
    }
    const draining = upstream.draining$.subscribe(() =>
      this.#parts.onDraining(() => {
        if (this.#upstream === upstream) void this.#open(upstream.server.id);
      }),
    );
    this.#listening = upstream.messages$.subscribe({
      next: (message) => this.#fromServer(epoch, message),
      error: (thrown: unknown) => this.#upstreamEnded(upstream, AppError.from(thrown)),
      complete: () => this.#upstreamEnded(upstream, new AppError('unavailable', 'the server has ended the stream')),
    });
    this.#listening.add(draining);
  }

  /** As of a proxy that comes back. */
  #firstRequest(type: Subscription, node: Buffer | undefined): Buffer {
    const names = type.firstNames();
    return this.#parts.protocol === 'delta'
      ? deltaRequest({ node, typeUrl: type.typeUrl, subscribe: names, unsubscribe: [], versions: type.held })
      : wholeRequest(node, type.typeUrl, names, type.version);
  }

  #fromServer(epoch: number, message: Buffer): void {
    if (epoch !== this.#epoch || this.#isOver) return;
    const isDelta = this.#parts.protocol === 'delta';
    const response = isDelta ? scanDeltaResponse(message) : scanWholeResponse(message);
    const nonce = `${epoch}.${response.nonce}`;
    const type = this.#types.get(response.typeUrl);
    // All of a state-of-the-world response is one thing.
    const whole: readonly DeltaResource[] = [{ name: '', version: response.version, bytes: message }];
    type?.sent(nonce, isDelta ? response : { ...response, resources: whole });
    this.#isOffline = false;
    this.#cancelOffline?.();
    this.#cancelOffline = undefined;
    this.#failures = 0;
    this.#parts.send(withNonce(message, NONCE.response, nonce));
  }

  #upstreamEnded(upstream: AdsRelay, error: AppError): void {
    if (this.#upstream !== upstream || this.#isOver) return;
    this.#leaveUpstream();
    this.#lost(error, upstream.server.id);
  }

  /** No stream to a server: the proxy keeps what it has, and another stream is tried in a while. */
  #lost(error: AppError, avoid: string | undefined): void {
    if (this.#isOver) return;
    if (FINAL.has(error.code)) {
      this.close();
      this.#parts.end(error);
      return;
    }
    this.#parts.logger.debug(this.#fields, `the stream of a proxy to its server is gone: ${error.message}`);
    this.#offlineSoon();
    this.#failures += 1;
    this.#retryIn(backOffMs(this.#failures, BACK_OFF) * (0.5 + this.#parts.random()), avoid);
  }

  #retryIn(delayMs: number, avoid?: string): void {
    this.#cancelRetry?.();
    this.#cancelRetry = this.#parts.clock.after(delayMs, () => {
      this.#cancelRetry = undefined;
      if (this.#upstream === undefined) void this.#open(avoid);
    });
  }

  #leaveUpstream(): void {
    this.#listening?.unsubscribe();
    this.#listening = undefined;
    this.#upstream?.end();
    this.#upstream = undefined;
  }

  /**
   * From a moment on, until a server answers, the proxy is given what is kept. As long as servers are there it is theirs to say
   * whether there still is such a proxy.
   */
  #offlineSoon(): void {
    if (this.#isOffline || this.#cancelOffline !== undefined) return;
    this.#cancelOffline = this.#parts.clock.after(OFFLINE_AFTER_MS, () => {
      this.#cancelOffline = undefined;
      if (this.#isOver) return;
      if (this.#parts.servers.isReachable) return this.#offlineSoon();
      this.#isOffline = true;
      for (const type of this.#types.values()) this.#serveKept(type);
    });
  }

  /** Only what the proxy does not have at all: which of two versions is the newer one is the servers' to say. */
  #serveKept(type: Subscription): void {
    const record = this.#record;
    if (record === undefined || (isSecretType(type.typeUrl) && !this.#parts.maySendSecrets)) return;
    if (this.#parts.protocol === 'state-of-the-world') return this.#serveWhole(type, record);
    const kept = record.resources(type.typeUrl);
    if (kept === undefined) return;
    const under = new Set([...type.pending.values()].flatMap(({ resources }) => resources.map(({ name }) => name)));
    const missing = [...kept.values()].filter(
      ({ name }) => type.wants(name) && !type.held.has(name) && !under.has(name),
    );
    const mustAnswer = type.wildcard !== 'no' && !type.isAnswered;
    if (missing.length === 0 && !mustAnswer) return;
    const nonce = this.#nextKept();
    type.sent(nonce, { typeUrl: type.typeUrl, nonce, version: '', resources: missing, removed: [] });
    this.#parts.logger.info(
      { ...this.#fields, type: type.typeUrl.split('.').at(-1), resources: missing.length },
      'no server is there: a proxy is given what it had accepted last',
    );
    this.#parts.send(deltaResponse(type.typeUrl, nonce, missing));
  }

  #serveWhole(type: Subscription, record: ProxyRecord): void {
    const kept = record.response(type.typeUrl);
    if (kept === undefined || type.isAnswered) return;
    const nonce = this.#nextKept();
    const { version } = scanWholeResponse(kept);
    type.sent(nonce, { typeUrl: type.typeUrl, nonce, version, resources: [], removed: [] });
    this.#parts.send(withNonce(kept, NONCE.response, nonce));
  }

  #nextKept(): string {
    this.#kept += 1;
    return `${KEPT}.${this.#kept}`;
  }
}

/** From which stream a nonce is, and what it was there. */
function originOf(nonce: string): { readonly stream: string; readonly nonce: string } {
  const dot = nonce.indexOf('.');
  return { stream: nonce.slice(0, dot), nonce: nonce.slice(dot + 1) };
}
