import { Metadata, type ServerDuplexStream } from '@grpc/grpc-js';
import type { AppError } from '../../core/index.js';
import { http2StreamOf } from './grpc-internals.js';
import { toGrpcStatus } from './grpc-status.js';

/** Where a session's frames go. A frame is a whole gRPC message with its five-byte prefix, shared by all who get it. */
export interface Sink {
  /** Writes the frames in order and together. */
  write(frames: readonly Buffer[]): void;
  /** The client reads slower than we write: hold everything until `onDrain`. */
  readonly congested: boolean;
  onDrain: (() => void) | undefined;
  /** Ends the stream with a status. Resolves when the client has been told or is gone. */
  end(error: AppError): Promise<void>;
}

const GRPC_PREFIX_BYTES = 5;

/** The sink of a call: the HTTP/2 stream itself when it can be reached (no copy per stream), else `call.write`. */
export function createSink(call: ServerDuplexStream<Buffer, Buffer>): Sink {
  const stream = http2StreamOf(call);
  const sink = {
    congested: false,
    onDrain: undefined as (() => void) | undefined,
    write: (_frames: readonly Buffer[]): void => undefined,
    end(error: AppError): Promise<void> {
      const over = new Promise<void>((resolve) => (stream ?? call).once('close', resolve));
      call.emit('error', toGrpcStatus(error));
      return stream?.destroyed ? Promise.resolve() : over;
    },
  };
  const drained = () => {
    sink.congested = false;
    sink.onDrain?.();
  };
  if (stream) {
    stream.on('drain', drained);
    sink.write = (frames) => {
      if (stream.destroyed || stream.writableEnded) return;
      if (!stream.headersSent) call.sendMetadata(new Metadata());
      const together = frames.length > 1;
      if (together) stream.cork();
      for (const frame of frames) if (!stream.write(frame)) sink.congested = true;
      if (together) stream.uncork();
    };
  } else {
    call.on('drain', drained);
    sink.write = (frames) => {
      if (call.destroyed || call.writableEnded) return;
      for (const frame of frames) if (!call.write(frame.subarray(GRPC_PREFIX_BYTES))) sink.congested = true;
    };
  }
  return sink;
}
