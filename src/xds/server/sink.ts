import type { ServerHttp2Stream } from 'node:http2';
import { Metadata, type ServerDuplexStream } from '@grpc/grpc-js';
import type { AppError } from '../../core/index.js';
import { http2StreamOf } from './grpc-internals.js';
import { toGrpcStatus } from './grpc-status.js';

type Call = ServerDuplexStream<Buffer, Buffer>;

/** A frame is a whole gRPC message with its five-byte prefix. */
const GRPC_PREFIX_BYTES = 5;

/**
 * Where a stream's frames go: to the HTTP/2 stream itself where it can be reached (frames are shared, not copied per stream, and a
 * burst is one write), else to `call.write`.
 */
export class Sink {
  /** The client reads slower than we write: hold everything until `onDrain`. */
  congested = false;
  readonly #call: Call;
  readonly #stream: ServerHttp2Stream | undefined;

  constructor(call: Call, onDrain: () => void) {
    this.#call = call;
    this.#stream = http2StreamOf(call);
    (this.#stream ?? call).on('drain', () => {
      this.congested = false;
      onDrain();
    });
  }

  /** Writes frames in order and together. */
  write(frames: readonly { readonly frame: Buffer }[]): void {
    if (this.#stream) this.#writeDirect(this.#stream, frames);
    else this.#writeCall(frames);
  }

  /** Ends the stream with a status. Resolves when the client has been told or is gone. */
  end(error: AppError): Promise<void> {
    const stream = this.#stream ?? this.#call;
    if (stream.destroyed) return Promise.resolve();
    const over = new Promise<void>((resolve) => stream.once('close', resolve));
    this.#call.emit('error', toGrpcStatus(error));
    return over;
  }

  #writeDirect(stream: ServerHttp2Stream, frames: readonly { readonly frame: Buffer }[]): void {
    if (stream.destroyed || stream.writableEnded) return;
    if (!stream.headersSent) this.#call.sendMetadata(new Metadata());
    const together = frames.length > 1;
    if (together) stream.cork();
    for (const { frame } of frames) if (!stream.write(frame)) this.congested = true;
    if (together) stream.uncork();
  }

  #writeCall(frames: readonly { readonly frame: Buffer }[]): void {
    if (this.#call.destroyed || this.#call.writableEnded) return;
    for (const { frame } of frames) if (!this.#call.write(frame.subarray(GRPC_PREFIX_BYTES))) this.congested = true;
  }
}
