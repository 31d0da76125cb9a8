import type { ServerDuplexStream } from '@grpc/grpc-js';
import { AppError } from '../../core/index.js';
import type { ProxyNeeds } from '../resources/spec.js';
import type { StreamClient } from './contract.js';
import { applyDelta } from './delta-stream.js';
import { type DiscoveryRequest, scanDeltaRequest, scanStateOfTheWorldRequest } from './discovery-request.js';
import { judgeVersion } from './envoy-version.js';
import { type ScannedNode, scanCutNodeId, scanNode, scanNodeId } from './node-scan.js';
import type { StreamFacts } from './propagation.js';
import type { FoundProxy } from './proxy-finder.js';
import { ProxySession } from './session.js';
import { Sink } from './sink.js';
import { Source } from './source.js';
import { applyStateOfTheWorld } from './state-of-the-world-stream.js';
import type { StreamHost } from './stream-host.js';
import { nodeToSearch, type StreamOrigin } from './stream-origin.js';
import { StreamOutlet } from './stream-outlet.js';
import { typeOfUrl } from './type-urls.js';

export type Protocol = StreamFacts['protocol'];
type Call = ServerDuplexStream<Buffer, Buffer>;

/** Metadata of our own bootstraps: the Envoy's `--drain-time-s`. */
const DRAIN_TIME_METADATA = 'meshwright_drain_time_s';

/** Requests that have come before the proxy is known; there are six types, and some clients say more. */
const MOST_EARLY_REQUESTS = 100;

/**
 * One ADS stream from its first request to its end: who is it, may it be, then a session. Whatever a client sends, the worst that
 * happens is that its own stream ends with a status.
 */
export class AdsStream {
  readonly #host: StreamHost;
  readonly #call: Call;
  readonly #protocol: Protocol;
  readonly #origin: StreamOrigin;
  readonly #source: Source;
  readonly #sink: Sink;
  #early: DiscoveryRequest[] | undefined;
  #nodeId = '';
  #session: ProxySession | undefined;
  #outlet: StreamOutlet | undefined;
  #facts: StreamFacts | undefined;
  #stopWaiting: (() => void) | undefined;
  #stopNeeds: (() => void) | undefined;
  #unknownTypeLogged = false;
  #ended = false;

  constructor(host: StreamHost, call: Call, protocol: Protocol, origin: StreamOrigin) {
    this.#host = host;
    this.#call = call;
    this.#protocol = protocol;
    this.#origin = origin;
    this.#sink = new Sink(call, () => this.#session?.wake());
    this.#source = new Source(call, {
      onRequest: (message, skippedNode) => this.#receive(message, skippedNode),
      onFault: (thrown) => this.#fail(thrown),
      onEnd: () => void this.end(new AppError('cancelled', 'the client has ended the stream')),
    });
    const close = () => this.#close();
    call.on('cancelled', close);
    call.on('close', close);
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

  #receive(message: Buffer, skippedNode: Buffer | undefined): void {
    if (this.#ended) return;
    this.#host.counters.requests++;
    const request = this.#protocol === 'delta' ? scanDeltaRequest(message) : scanStateOfTheWorldRequest(message);
    if (this.#nodeId === '') return this.#identify(request);
    if (request.node) this.#checkSameNode(scanNodeId(request.node));
    else if (skippedNode) this.#checkSameNode(scanCutNodeId(skippedNode));
    this.#take(request);
  }

  #fail(thrown: unknown): void {
    const error = AppError.from(thrown);
    if (error.code === 'internal') {
      this.#host.logger.error({ reason: error.message, stack: (thrown as Error).stack }, 'fault in an xDS stream');
    }
    void this.end(error);
  }

  #identify(request: DiscoveryRequest): void {
    if (!request.node) {
      throw new AppError('invalidArgument', 'the first request of a stream has no node; set node.id in the bootstrap');
    }
    const node = scanNode(request.node);
    if (node.id === '') {
      const problem = 'the node has no id; set node.id in the bootstrap to the id of the proxy service';
      throw new AppError('invalidArgument', problem);
    }
    const { problem } = judgeVersion(node.userAgent);
    if (problem) throw problem;
    this.#nodeId = node.id;
    this.#early = [request];
    this.#source.pause();
    if (this.#protocol === 'delta') this.#source.skipNodes();
    this.#find(node).then(
      (found) => this.#begin(node, found),
      (thrown: unknown) =>
        this.#fail(
          thrown instanceof AppError && thrown.code === 'permissionDenied'
            ? thrown
            : new AppError('unavailable', 'this server is not ready; connect again', { cause: thrown }),
        ),
    );
  }

  async #find(node: ScannedNode): Promise<FoundProxy | AppError> {
    await this.#host.ready;
    if (this.#ended) return new AppError('cancelled', 'the stream is gone');
    const { version } = judgeVersion(node.userAgent);
    const nodeName = nodeToSearch(this.#origin, node.metadata.get('node_name'));
    return this.#host.finder.find(nodeName, node.id, version, (stopWaiting) => {
      this.#stopWaiting = stopWaiting;
    });
  }

  #begin(node: ScannedNode, found: FoundProxy | AppError): void {
    this.#stopWaiting = undefined;
    if (this.#ended) return;
    try {
      if (found instanceof AppError) throw found;
      const client = this.#clientOf(node, found);
      const problem = this.#host.authorize(client);
      if (problem) throw problem;
      this.#start(this.#factsOf(node, client), found.needs);
    } catch (thrown) {
      this.#fail(thrown);
    }
  }

  #start(facts: StreamFacts, needs: ProxyNeeds): void {
    const { client, verdict } = facts;
    const fields = { node: client.node, proxy: client.proxyId, from: client.remoteAddress, version: verdict.version };
    if (verdict.tested) this.#host.logger.debug(fields, 'proxy connected');
    else this.#host.logger.warn(fields, 'proxy connected with an Envoy version that is not tested');
    const outlet = new StreamOutlet(this.#host, facts, this.#sink, (error) => void this.end(error));
    const session = new ProxySession(outlet, needs);
    this.#facts = facts;
    this.#outlet = outlet;
    this.#session = session;
    session.loadRefusals(this.#host.refusals.load(client));
    this.#stopNeeds = this.#host.watchNeeds(client, verdict.version, (newer) => {
      if (newer !== session.needs) session.needsChanged(newer);
    });
    this.#host.started(facts, session);
    const early = this.#early ?? [];
    this.#early = undefined;
    for (const request of early) this.#handle(request);
    this.#source.resume();
  }

  #clientOf(node: ScannedNode, { proxy }: FoundProxy): StreamClient {
    return {
      node: proxy.node,
      proxyId: proxy.proxyId,
      token: String(this.#call.metadata.get('x-consul-token')[0] ?? ''),
      userAgent: node.userAgent.name,
      remoteAddress: this.#origin.remoteAddress,
      encrypted: this.#origin.encrypted,
    };
  }

  #factsOf(node: ScannedNode, client: StreamClient): StreamFacts {
    return {
      client,
      verdict: judgeVersion(node.userAgent),
      protocol: this.#protocol,
      connectedAtMs: this.#host.clock.now(),
      drainTimeMs: drainTimeMs(node),
    };
  }

  #take(request: DiscoveryRequest): void {
    if (!this.#early) return this.#handle(request);
    if (this.#early.push(request) <= MOST_EARLY_REQUESTS) return;
    throw new AppError('tooLarge', 'too many requests before the first answer; wait for it');
  }

  #handle(request: DiscoveryRequest): void {
    const session = this.#session;
    const outlet = this.#outlet;
    if (!session || !outlet || session.closed) return;
    const type = typeOfUrl(request.typeUrl);
    if (!type) this.#ignoreType(request.typeUrl);
    else if (this.#protocol === 'delta') applyDelta(session, outlet, type, request);
    else applyStateOfTheWorld(session, outlet, type, request);
  }

  #checkSameNode(id: string | undefined): void {
    if (id === undefined || id === '' || id === this.#nodeId) return;
    throw new AppError(
      'invalidArgument',
      `this stream belongs to proxy "${this.#nodeId}" and cannot become "${id}"; open a stream of its own`,
    );
  }

  #ignoreType(typeUrl: string): void {
    if (this.#unknownTypeLogged) return;
    this.#unknownTypeLogged = true;
    const fields = { proxy: this.#facts?.client.proxyId, type: typeUrl.slice(0, 200) };
    this.#host.logger.info(fields, 'a proxy asks for a resource type that is not served; not answered');
  }

  #close(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#early = undefined;
    this.#stopWaiting?.();
    this.#stopNeeds?.();
    if (this.#session && this.#facts) this.#host.finished(this.#facts, this.#session);
    this.#session?.close();
    this.#host.closed(this);
  }
}

function drainTimeMs(node: ScannedNode): number | undefined {
  const text = node.metadata.get(DRAIN_TIME_METADATA);
  return text !== undefined && /^\d{1,6}$/.test(text) ? Number(text) * 1_000 : undefined;
}
