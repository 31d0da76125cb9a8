import { type ClientHttp2Session, type ClientHttp2Stream, connect as connectHttp2 } from 'node:http2';
import type { ConnectionOptions } from 'node:tls';

export const DELTA_PATH = '/envoy.service.discovery.v3.AggregatedDiscoveryService/DeltaAggregatedResources';
export const STATE_OF_THE_WORLD_PATH =
  '/envoy.service.discovery.v3.AggregatedDiscoveryService/StreamAggregatedResources';

export interface TransportOptions {
  readonly host?: string;
  readonly port: number;
  readonly path?: string;
  readonly tls?: ConnectionOptions;
  readonly headers?: Readonly<Record<string, string>>;
  /** Receive window; a small one makes a reader that stops felt at once. */
  readonly windowBytes?: number;
}

export interface TransportEvents {
  onMessage(message: Buffer): void;
  /** The stream is over: gRPC status code (14 when the connection broke) and text. */
  onEnd(code: number, details: string): void;
}

/** One gRPC stream with raw messages. */
export interface Transport {
  send(message: Buffer): void;
  /** Stops reading, like a process that was stopped. */
  pause(): void;
  resume(): void;
  /** Breaks the connection without a word. */
  destroy(): void;
  readonly bytesReceived: number;
}

/** Splits a byte stream into gRPC messages. */
export class MessageSplitter {
  #rest: Buffer | undefined;

  push(chunk: Buffer, onMessage: (message: Buffer) => void): void {
    let data = this.#rest ? Buffer.concat([this.#rest, chunk]) : chunk;
    this.#rest = undefined;
    while (data.length >= 5) {
      const length = data.readUInt32BE(1);
      if (data.length < 5 + length) break;
      onMessage(data.subarray(5, 5 + length));
      data = data.subarray(5 + length);
    }
    if (data.length > 0) this.#rest = data;
  }
}

export function grpcFrame(message: Buffer): Buffer {
  const frame = Buffer.allocUnsafe(5 + message.length);
  frame[0] = 0;
  frame.writeUInt32BE(message.length, 1);
  message.copy(frame, 5);
  return frame;
}

/** A stream over Node's own HTTP/2 client: slower than the raw one, and it tells the status. */
export function openStream(options: TransportOptions, events: TransportEvents): Transport {
  const scheme = options.tls ? 'https' : 'http';
  const session: ClientHttp2Session = connectHttp2(`${scheme}://${options.host ?? '127.0.0.1'}:${options.port}`, {
    ...options.tls,
    settings: { initialWindowSize: options.windowBytes ?? 1_048_576 },
  });
  const splitter = new MessageSplitter();
  const state = { bytesReceived: 0, ended: false };
  const end = (code: number, details: string) => {
    if (state.ended) return;
    state.ended = true;
    session.destroy();
    events.onEnd(code, details);
  };
  session.on('error', (error) => end(14, error.message));
  session.on('close', () => end(14, 'connection closed'));
  const stream: ClientHttp2Stream = session.request({
    ':method': 'POST',
    ':path': options.path ?? DELTA_PATH,
    'content-type': 'application/grpc',
    te: 'trailers',
    ...options.headers,
  });
  const onStatus = (headers: Record<string, unknown>) => {
    if (headers['grpc-status'] !== undefined) {
      end(Number(headers['grpc-status']), decodeURIComponent(String(headers['grpc-message'] ?? '')));
    }
  };
  stream.on('response', onStatus);
  stream.on('trailers', onStatus);
  stream.on('error', (error) => end(14, error.message));
  stream.on('data', (chunk: Buffer) => {
    state.bytesReceived += chunk.length;
    splitter.push(chunk, (message) => events.onMessage(message));
  });
  return {
    send: (message) => {
      if (!stream.destroyed) stream.write(grpcFrame(message));
    },
    pause: () => void stream.pause(),
    resume: () => void stream.resume(),
    destroy: () => {
      state.ended = true;
      session.destroy();
    },
    get bytesReceived() {
      return state.bytesReceived;
    },
  };
}
