import type { ServerHttp2Stream } from 'node:http2';
import type { ServerDuplexStream } from '@grpc/grpc-js';
import { takeOverInput } from './grpc-internals.js';
import { type OnRequest, RequestReader } from './request-reader.js';

type Call = ServerDuplexStream<Buffer, Buffer>;

export interface SourceEvents {
  readonly onRequest: OnRequest;
  /** What arrived cannot be read. */
  readonly onFault: (thrown: unknown) => void;
  /** The client has no more to say. */
  readonly onEnd: () => void;
}

/** Where a stream's requests come from: the HTTP/2 stream itself where it can be taken over, else the call. */
export class Source {
  readonly #stream: ServerHttp2Stream | undefined;
  readonly #call: Call;
  readonly #reader: RequestReader;

  constructor(call: Call, { onRequest, onFault, onEnd }: SourceEvents) {
    this.#call = call;
    this.#stream = takeOverInput(call);
    this.#reader = new RequestReader(onRequest);
    const input = this.#stream ?? call;
    const take = (chunk: Buffer): void => {
      try {
        if (this.#stream) this.#reader.push(chunk);
        else onRequest(chunk, undefined);
      } catch (thrown) {
        onFault(thrown);
      }
    };
    input.on('data', take);
    input.on('end', onEnd);
    // grpc-js has paused the stream and would let it go on when its own reader wants more.
    input.resume();
  }

  /** From now on a node in front of a request is dropped as it arrives. */
  skipNodes(): void {
    this.#reader.skipsNodes = true;
  }

  pause(): void {
    (this.#stream ?? this.#call).pause();
  }

  resume(): void {
    (this.#stream ?? this.#call).resume();
  }
}
