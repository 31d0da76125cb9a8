import type { ServerDuplexStream } from '@grpc/grpc-js';
import { AppError } from '../../core/index.js';
import type { ProxyNeeds } from '../resources/spec.js';
import type { RefusalKeeper } from './answers.js';
import type { StreamClient } from './contract.js';
import { applyDelta, encodeDelta } from './delta-stream.js';
import { type DiscoveryRequest, scanDeltaRequest, scanStateOfTheWorldRequest } from './discovery-request.js';
import { judgeVersion } from './envoy-version.js';
import { type ScannedNode, scanNode, scanNodeId } from './node-scan.js';
import type { StreamFacts } from './propagation.js';
import type { FoundProxy } from './proxy-finder.js';
import { ProxySession, type SessionOutlet } from './session.js';
import { createSink } from './sink.js';
import { applyStateOfTheWorld, encodeStateOfTheWorld } from './state-of-the-world-stream.js';
import type { StreamHost } from './stream-host.js';
import { typeOfUrl } from './type-urls.js';

export type Protocol = StreamFacts['protocol'];
type Call = ServerDuplexStream<Buffer, Buffer>;

/** Metadata of our own bootstraps: the Envoy's `--drain-time-s`. */
export const DRAIN_TIME_METADATA = 'meshwright_drain_time_s';
/** A removal waits for a client to ask for listeners, but not for ever. */
const LISTENER_GRACE_MS = 5_000;

/**
 * One ADS stream from its first request to its end: who is it, may it be, then a session. Whatever a client sends, the worst that
 * happens is that its own stream ends with a status.
 */
export class AdsStream {
  readonly #host: StreamHost;
  readonly #call: Call;
  readonly #protocol: Protocol;
  readonly #encrypted: boolean;
  readonly #remoteAddress: string;
  readonly #gone = new AbortController();
  readonly #sink;
  #early: DiscoveryRequest[] | undefined;
  #nodeId: Buffer | undefined;
  #session: ProxySession | undefined;
  #facts: StreamFacts | undefined;
  #keeper: RefusalKeeper | undefined;
  #stopNeeds: (() => void) | undefined;
  #unknownTypeLogged = false;
  #ended = false;

  constructor(host: StreamHost, call: Call, protocol: Protocol, encrypted: boolean) {
    this.#host = host;
    this.#call = call;
    this.#protocol = protocol;
    this.#encrypted = encrypted;
    this.#remoteAddress = addressOf(call.getPeer());
    this.#sink = createSink(call);
    call.on('data', (message: Buffer) => this.#guard(() => this.#receive(message)));
    call.on('end', () => void this.end(new AppError('cancelled', 'the client has ended the stream')));
    call.on('cancelled', () => this.#close());
    call.on('close', () => this.#close());
    host.opened(this);
  }

  /** Ends the stream with a status. Resolves when the client has been told or is gone. */
  end(error: AppError): Promise<void> {
    if (this.#ended) return Promise.resolve();
    this.#close();
    return this.#sink.end(error);
  }

  get session(): ProxySession | undefined {
    return this.#session;
  }

  /** Checks again whether the client may be this proxy. */
  reauthorize(): void {
    const problem = this.#facts && this.#host.authorize(this.#facts.client);
    if (problem) void this.end(problem);
  }

  #guard(run: () => void): void {
    try {
      run();
    } catch (thrown) {
      const error = AppError.from(thrown);
      if (error.code === 'internal') {
        this.#host.logger.error({ reason: error.message, stack: (thrown as Error).stack }, 'fault in an xDS stream');
      }
      void this.end(error);
    }
  }

  #receive(message: Buffer): void {
    if (this.#ended) return;
    this.#host.counters.requests++;
    const request = this.#protocol === 'delta' ? scanDeltaRequest(message) : scanStateOfTheWorldRequest(message);
    if (this.#nodeId === undefined) return this.#identify(request);
    if (request.node) this.#checkSameNode(request.node);
    if (this.#early) this.#early.push(request);
    else this.#handle(request);
  }

  #identify(request: DiscoveryRequest): void {
    if (!request.node)
      throw new AppError('invalidArgument', 'the first request of a stream has no node; set node.id in the bootstrap');
    const node = scanNode(request.node);
    if (node.id === '') {
      throw new AppError(
        'invalidArgument',
        'the node has no id; set node.id in the bootstrap to the id of the proxy service',
      );
    }
    const verdict = judgeVersion(node.userAgent);
    if (verdict.problem) throw verdict.problem;
    this.#nodeId = Buffer.from(node.id);
    this.#early = [request];
    this.#call.pause();
    void this.#find(node)
      .catch(
        (thrown: unknown) => new AppError('unavailable', 'this server is not ready; connect again', { cause: thrown }),
      )
      .then((found) => this.#guard(() => this.#start(node, found)));
  }

  async #find(node: ScannedNode): Promise<FoundProxy | AppError> {
    await this.#host.ready;
    return this.#host.finder.find(node.metadata.get('node_name') || undefined, node.id, this.#gone.signal);
  }

  #start(node: ScannedNode, found: FoundProxy | AppError): void {
    if (this.#ended) return;
    if (found instanceof AppError) throw found;
    const client = this.#clientOf(node, found);
    const problem = this.#host.authorize(client);
    if (problem) throw problem;
    const verdict = judgeVersion(node.userAgent);
    this.#facts = {
      client,
      verdict,
      protocol: this.#protocol,
      connectedAtMs: this.#host.clock.now(),
      drainTimeMs: drainTimeMs(node),
    };
    const fields = {
      node: client.node,
      proxy: client.proxyId,
      remoteAddress: client.remoteAddress,
      version: verdict.version,
    };
    if (verdict.tested) this.#host.logger.debug(fields, 'proxy connected');
    else this.#host.logger.warn(fields, 'proxy connected with an Envoy version that is not tested');
    this.#keeper = this.#host.keeperOf(client);
    this.#session = new ProxySession(this.#outlet(client, found.needs), found.needs, (session) =>
      this.#host.leafOf(session),
    );
    this.#session.loadRefusals(this.#host.refusalsOf(client));
    this.#stopNeeds = this.#host.watchNeeds(client, (needs) => this.#needsChanged(found.needs, needs));
    this.#host.started(this.#facts, this.#session);
    const early = this.#early ?? [];
    this.#early = undefined;
    for (const request of early) this.#handle(request);
    this.#call.resume();
  }

  #needsChanged(first: ProxyNeeds, needs: ProxyNeeds | undefined): void {
    if (needs !== first) this.#session?.needsChanged(needs);
  }

  #clientOf(node: ScannedNode, { proxy }: FoundProxy): StreamClient {
    return {
      ...proxy,
      token: String(this.#call.metadata.get('x-consul-token')[0] ?? ''),
      userAgent: node.userAgent.name,
      remoteAddress: this.#remoteAddress,
      encrypted: this.#encrypted,
    };
  }

  #outlet(client: StreamClient, { identity }: ProxyNeeds): SessionOutlet {
    const { host, sink } = { host: this.#host, sink: this.#sink };
    let waitsForListeners = false;
    sink.onDrain = () => this.#session?.wake();
    return {
      encode: (step, session) =>
        this.#protocol === 'delta'
          ? encodeDelta(step, host.frames, host.index())
          : encodeStateOfTheWorld(step, session, host.frames, host.index()),
      write: (responses) => {
        for (const { frame, items } of responses) {
          host.counters.responses++;
          host.counters.resourcesSent += items.length;
          host.counters.bytesSent += frame.length;
        }
        sink.write(responses.map(({ frame }) => frame));
      },
      get congested() {
        return sink.congested;
      },
      wake: (session) => host.flusher.wake(session),
      end: (error) => void this.end(error),
      demand: (type, name) => host.demand(identity, client, type, name),
      forgetRefusal: (type, name) => this.#keeper?.clear(type, name),
      wakeLater: (session) => {
        if (waitsForListeners) return;
        waitsForListeners = true;
        host.clock.after(LISTENER_GRACE_MS, () => {
          session.removalsOverdue = true;
          session.wake();
        });
      },
      maySendSecrets: this.#encrypted || isLoopback(this.#remoteAddress) || host.allowPlaintextSecrets,
      cells: host.cells,
      counters: host.counters,
      index: () => host.index(),
    };
  }

  #handle(request: DiscoveryRequest): void {
    const session = this.#session;
    const keeper = this.#keeper;
    if (!session || !keeper || session.closed) return;
    const type = typeOfUrl(request.typeUrl);
    if (!type) return this.#ignoreType(request.typeUrl);
    if (this.#protocol === 'delta') applyDelta(session, keeper, type, request);
    else applyStateOfTheWorld(session, keeper, type, request);
    if (this.#host.flusher.waiting === 0) this.#host.frames.release();
  }

  #checkSameNode(node: NonNullable<DiscoveryRequest['node']>): void {
    const id = scanNodeId(node);
    if (id !== undefined && id.length > 0 && !this.#nodeId?.equals(id)) {
      throw new AppError(
        'invalidArgument',
        `this stream belongs to proxy "${this.#nodeId?.toString()}" and cannot become "${id.toString()}"; open a stream of its own`,
      );
    }
  }

  #ignoreType(typeUrl: string): void {
    if (this.#unknownTypeLogged) return;
    this.#unknownTypeLogged = true;
    const type = typeUrl.slice(0, 200);
    this.#host.logger.info(
      { proxy: this.#facts?.client.proxyId, type },
      'a proxy asks for a resource type that is not served; not answered',
    );
  }

  #close(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#gone.abort();
    this.#stopNeeds?.();
    if (this.#session && this.#facts) this.#host.finished(this.#facts, this.#session);
    this.#session?.close();
    this.#host.closed(this);
  }
}

function addressOf(peer: string): string {
  return peer.replace(/:\d+$/, '');
}

/** Whether a remote address is this host's own loopback. */
export function isLoopback(address: string): boolean {
  return /^(?:::ffff:)?127\./.test(address) || address === '::1';
}

function drainTimeMs(node: ScannedNode): number | undefined {
  const text = node.metadata.get(DRAIN_TIME_METADATA);
  return text !== undefined && /^\d{1,6}$/.test(text) ? Number(text) * 1_000 : undefined;
}
