import { Server, ServerCredentials, type ServerDuplexStream, type ServiceDefinition } from '@grpc/grpc-js';
import { type Kind, kindOf, typeUrls } from '../ads-client/kinds.js';
import { type AnyMessage, lookupType, messageRoot } from '../ads-client/message-types.js';

/** A request of either protocol; in state of the world `names` is the whole list. */
export interface Asked {
  readonly kind: Kind | undefined;
  readonly names: string[];
  readonly minus: string[];
  readonly nonce: string;
  readonly refused: boolean;
}

interface Request {
  readonly type_url: string;
  readonly response_nonce: string;
  readonly resource_names_subscribe?: string[];
  readonly resource_names_unsubscribe?: string[];
  readonly resource_names?: string[];
  readonly error_detail?: object | null;
}

type Stream = ServerDuplexStream<Request, object>;

const method = (name: string, delta: boolean) => {
  const root = messageRoot();
  const request = root.lookupType(`envoy.service.discovery.v3.${delta ? 'Delta' : ''}DiscoveryRequest`);
  const response = root.lookupType(`envoy.service.discovery.v3.${delta ? 'Delta' : ''}DiscoveryResponse`);
  return {
    path: `/envoy.service.discovery.v3.AggregatedDiscoveryService/${name}`,
    requestStream: true,
    responseStream: true,
    requestSerialize: (message: object) => Buffer.from(request.encode(message).finish()),
    requestDeserialize: (bytes: Buffer) => request.decode(bytes) as unknown as Request,
    responseSerialize: (message: object) => Buffer.from(response.encode(response.fromObject(message)).finish()),
    responseDeserialize: (bytes: Buffer) => response.decode(bytes),
  };
};

const nameOf = (kind: Kind, resource: AnyMessage): string => {
  const message = lookupType(resource.type_url)?.decode(resource.value) as unknown as
    | Record<string, string>
    | undefined;
  return message?.[kind === 'endpoints' ? 'cluster_name' : 'name'] ?? '';
};

/** An ADS server on a free port of the loopback. One client at a time is what it is made for. */
export class ScriptedAdsServer {
  /** Requests that no test has looked at yet. */
  private readonly asked: Asked[] = [];
  private waiting: ((asked: Asked) => void) | undefined;
  private stream: Stream | undefined;
  private delta = true;
  private count = 0;
  /** Set by `answerFrom`: resources that are handed out by themselves. */
  private library: Partial<Record<Kind, readonly AnyMessage[]>> | undefined;
  /** Metadata of the last stream. */
  token: string | undefined;

  /** host:port */
  address = '';

  private constructor(private readonly server: Server) {}

  static async start(): Promise<ScriptedAdsServer> {
    const server = new Server();
    const definition: ServiceDefinition = {
      DeltaAggregatedResources: method('DeltaAggregatedResources', true),
      StreamAggregatedResources: method('StreamAggregatedResources', false),
    };
    const self = new ScriptedAdsServer(server);
    server.addService(definition, {
      DeltaAggregatedResources: (stream: Stream) => self.take(stream, true),
      StreamAggregatedResources: (stream: Stream) => self.take(stream, false),
    });
    const port = await new Promise<number>((resolve, reject) => {
      server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) =>
        error ? reject(error) : resolve(bound),
      );
    });
    self.address = `127.0.0.1:${port}`;
    return self;
  }

  private take(stream: Stream, delta: boolean): void {
    this.stream = stream;
    this.delta = delta;
    this.token = String(stream.metadata.get('x-consul-token')[0] ?? '');
    stream.on('data', (request: Request) => this.onRequest(request));
    stream.on('error', () => {});
    stream.on('end', () => stream.end());
  }

  private onRequest(request: Request): void {
    const asked: Asked = {
      kind: kindOf(request.type_url),
      names: [...(request.resource_names_subscribe ?? request.resource_names ?? [])],
      minus: [...(request.resource_names_unsubscribe ?? [])],
      nonce: request.response_nonce,
      refused: Boolean(request.error_detail),
    };
    if (this.library) this.serve(asked);
    else if (this.waiting) this.waiting(asked);
    else this.asked.push(asked);
  }

  private serve({ kind, names, nonce }: Asked): void {
    if (!kind || (nonce !== '' && (this.delta ? names.length === 0 : true))) return;
    const all = this.library?.[kind] ?? [];
    const wanted = names.length ? all.filter((one) => names.includes(nameOf(kind, one))) : all;
    this.answer(kind, `n${++this.count}`, wanted);
  }

  /** From now on every request is answered with what there is. */
  answerFrom(library: Partial<Record<Kind, readonly AnyMessage[]>>): void {
    this.library = library;
  }

  /** The next request; fails after a while. */
  async next(limitMs = 15_000): Promise<Asked> {
    const queued = this.asked.shift();
    if (queued) return queued;
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.waiting = undefined;
        reject(new Error(`no request came within ${limitMs} ms`));
      }, limitMs);
      this.waiting = (asked) => {
        clearTimeout(timer);
        this.waiting = undefined;
        resolve(asked);
      };
    });
  }

  /** The requests that came and were not looked at. */
  unseen(): Asked[] {
    return this.asked.splice(0);
  }

  /** Answers in the protocol of the stream; version and nonce are the same text. */
  answer(kind: Kind, nonce: string, resources: readonly AnyMessage[] = [], removed: readonly string[] = []): void {
    this.stream?.write(
      this.delta
        ? {
            type_url: typeUrls[kind],
            nonce,
            removed_resources: removed,
            resources: resources.map((resource) => ({ name: nameOf(kind, resource), version: nonce, resource })),
          }
        : { type_url: typeUrls[kind], nonce, version_info: nonce, resources },
    );
  }

  /** Sends a response as it is given. */
  answerRaw(response: object): void {
    this.stream?.write(response);
  }

  /** Ends the stream with a gRPC status. */
  endStream(code: number, details: string): void {
    this.stream?.emit('error', Object.assign(new Error(details), { code, details }));
  }

  async close(): Promise<void> {
    this.server.forceShutdown();
  }
}
