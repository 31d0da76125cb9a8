import { connect } from 'node:net';
import {
  DELTA_PATH,
  grpcFrame,
  MessageSplitter,
  type Transport,
  type TransportEvents,
  type TransportOptions,
} from './transport.js';

const FRAME_HEAD_BYTES = 9;
const LARGEST_FRAME = 16_384;
const DEFAULT_WINDOW = 65_535;
const HUGE_WINDOW = 0x7f_ff_ff_ff;
const DATA = 0;
const HEADERS = 1;
const RESET = 3;
const SETTINGS = 4;
const PING = 6;
const GOAWAY = 7;
const WINDOW_UPDATE = 8;
const ACK = 1;
const END_HEADERS = 4;
const INITIAL_WINDOW_SIZE = 4;

function frame(type: number, flags: number, stream: number, payload: Buffer): Buffer {
  const bytes = Buffer.allocUnsafe(FRAME_HEAD_BYTES + payload.length);
  bytes.writeUIntBE(payload.length, 0, 3);
  bytes[3] = type;
  bytes[4] = flags;
  bytes.writeUInt32BE(stream, 5);
  payload.copy(bytes, FRAME_HEAD_BYTES);
  return bytes;
}

const uint32 = (value: number): Buffer => {
  const bytes = Buffer.allocUnsafe(4);
  bytes.writeUInt32BE(value);
  return bytes;
};

/** A literal header with an indexed name, not indexed itself. */
const literal = (nameIndex: readonly number[], value: string): Buffer =>
  Buffer.concat([Buffer.from([...nameIndex, value.length]), Buffer.from(value)]);

const NOTHING = Buffer.alloc(0);

/**
 * One gRPC stream over HTTP/2 frames written by hand on a socket: a few microseconds a message, so that one core can play thousands
 * of Envoys. Plaintext; it opens its receive windows wide, respects the server's, and does not read header blocks.
 */
export function openRawStream(options: TransportOptions, events: TransportEvents): Transport {
  const socket = connect({ host: options.host ?? '127.0.0.1', port: options.port, noDelay: true });
  const splitter = new MessageSplitter();
  let bytesReceived = 0;
  let rest: Buffer | undefined;
  let ended = false;
  let connectionWindow = DEFAULT_WINDOW;
  let streamWindow = DEFAULT_WINDOW;
  let initialWindow = DEFAULT_WINDOW;
  let waiting: Buffer[] = [];
  const end = (details: string) => {
    if (ended) return;
    ended = true;
    socket.destroy();
    events.onEnd(14, details);
  };
  const writeData = (data: Buffer): void => {
    let position = 0;
    while (position < data.length) {
      const length = Math.min(data.length - position, LARGEST_FRAME, connectionWindow, streamWindow);
      if (length <= 0) break;
      socket.write(frame(DATA, 0, 1, data.subarray(position, position + length)));
      position += length;
      connectionWindow -= length;
      streamWindow -= length;
    }
    if (position < data.length) waiting.push(data.subarray(position));
  };
  const writeWaiting = (): void => {
    const due = waiting;
    waiting = [];
    for (const data of due) {
      if (waiting.length > 0) waiting.push(data);
      else writeData(data);
    }
  };
  const onSettings = (payload: Buffer): void => {
    for (let position = 0; position + 6 <= payload.length; position += 6) {
      if (payload.readUInt16BE(position) !== INITIAL_WINDOW_SIZE) continue;
      const window = payload.readUInt32BE(position + 2);
      streamWindow += window - initialWindow;
      initialWindow = window;
    }
    socket.write(frame(SETTINGS, ACK, 0, NOTHING));
    writeWaiting();
  };
  const onFrame = (type: number, flags: number, stream: number, payload: Buffer): void => {
    if (type === DATA) splitter.push(payload, (message) => events.onMessage(message));
    else if (type === SETTINGS && (flags & ACK) === 0) onSettings(payload);
    else if (type === PING && (flags & ACK) === 0) socket.write(frame(PING, ACK, 0, payload));
    else if (type === WINDOW_UPDATE) {
      if (stream === 0) connectionWindow += payload.readUInt32BE(0);
      else streamWindow += payload.readUInt32BE(0);
      if (waiting.length > 0) writeWaiting();
    } else if (type === RESET || type === GOAWAY) end('the server has closed the stream');
    else if (type === HEADERS && (flags & 1) === 1) end('the server has ended the stream');
  };
  socket.on('data', (chunk) => {
    bytesReceived += chunk.length;
    const data = rest ? Buffer.concat([rest, chunk]) : chunk;
    rest = undefined;
    let position = 0;
    while (data.length - position >= FRAME_HEAD_BYTES) {
      const length = data.readUIntBE(position, 3);
      const next = position + FRAME_HEAD_BYTES + length;
      if (next > data.length) break;
      onFrame(
        data[position + 3] ?? 0,
        data[position + 4] ?? 0,
        data.readUInt32BE(position + 5),
        data.subarray(position + FRAME_HEAD_BYTES, next),
      );
      position = next;
    }
    if (position < data.length) rest = data.subarray(position);
  });
  socket.on('error', (error) => end(error.message));
  socket.on('close', () => end('connection closed'));

  const settings = Buffer.concat([Buffer.from([0, INITIAL_WINDOW_SIZE]), uint32(HUGE_WINDOW)]);
  const headers = Buffer.concat([
    Buffer.from([0x83, 0x86]),
    literal([4], options.path ?? DELTA_PATH),
    literal([1], '127.0.0.1'),
    literal([0x0f, 0x10], 'application/grpc'),
    Buffer.from([0, 2]),
    Buffer.from('te'),
    Buffer.from([8]),
    Buffer.from('trailers'),
  ]);
  socket.write(
    Buffer.concat([
      Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'),
      frame(SETTINGS, 0, 0, settings),
      frame(WINDOW_UPDATE, 0, 0, uint32(HUGE_WINDOW - DEFAULT_WINDOW)),
      frame(HEADERS, END_HEADERS, 1, headers),
    ]),
  );
  return {
    send: (message) => {
      if (ended) return;
      const data = grpcFrame(message);
      if (waiting.length > 0) waiting.push(data);
      else writeData(data);
    },
    pause: () => void socket.pause(),
    resume: () => void socket.resume(),
    destroy: () => {
      ended = true;
      socket.destroy();
    },
    get bytesReceived() {
      return bytesReceived;
    },
  };
}
