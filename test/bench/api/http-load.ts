import { type Socket, connect } from 'node:net';

/** Load over raw sockets: one request at a time on each connection, answers counted by their Content-Length. */

const END_OF_HEAD = Buffer.from('\r\n\r\n');

/** A request as bytes. */
export function requestBytes(method: string, path: string, body?: string): Buffer {
  const length = body === undefined ? '' : `Content-Length: ${Buffer.byteLength(body)}\r\n`;
  return Buffer.from(`${method} ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\n${length}\r\n${body ?? ''}`);
}

/** An answer as it came. */
export interface RawAnswer {
  readonly status: number;
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly body: Buffer;
}

/** Takes whole answers off the front of what arrives on one connection. */
class AnswerReader {
  #kept: Buffer | undefined;

  /** Calls `onAnswer` when an answer is complete. */
  read(chunk: Buffer, onAnswer: (status: number, whole: Buffer, bodyAt: number) => void): void {
    const bytes = this.#kept === undefined ? chunk : Buffer.concat([this.#kept, chunk]);
    const end = bytes.indexOf(END_OF_HEAD);
    if (end < 0) {
      this.#kept = bytes;
      return;
    }
    const head = bytes.toString('latin1', 0, end + 2);
    const length = Number(/\r\ncontent-length: (\d+)\r\n/i.exec(head)?.[1] ?? 0);
    const whole = end + 4 + length;
    if (bytes.length < whole) {
      this.#kept = bytes;
      return;
    }
    this.#kept = undefined;
    onAnswer(Number(head.slice(9, 12)), bytes, end + 4);
  }
}

/** One request, one answer. */
export function ask(port: number, request: Buffer): Promise<RawAnswer> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () => socket.write(request));
    const reader = new AnswerReader();
    socket.on('error', reject);
    socket.on('data', (chunk) =>
      reader.read(chunk, (status, whole, bodyAt) => {
        socket.destroy();
        const lines = whole
          .toString('latin1', 0, bodyAt - 4)
          .split('\r\n')
          .slice(1);
        const headers = lines.map((line) => {
          const colon = line.indexOf(':');
          return [line.slice(0, colon), line.slice(colon + 1).trim()] as const;
        });
        resolve({ status, headers, body: Buffer.from(whole.subarray(bodyAt)) });
      }),
    );
  });
}

export interface HttpLoad {
  readonly port: number;
  readonly connections: number;
  /** The next request to send. */
  readonly next: () => Buffer;
  readonly durationMs: number;
}

export interface LoadResult {
  readonly answers: number;
  readonly ms: number;
}

/** Sends requests for a while. Rejects when one is answered with anything but 200. */
export async function httpLoad({ port, connections, next, durationMs }: HttpLoad): Promise<LoadResult> {
  const sockets = await Promise.all(Array.from({ length: connections }, () => open(port)));
  const from = performance.now();
  let answers = 0;
  try {
    await Promise.all(
      sockets.map(
        (socket) =>
          new Promise<void>((resolve, reject) => {
            const reader = new AnswerReader();
            socket.on('error', reject);
            socket.on('close', () => reject(new Error('the server closed a connection')));
            socket.on('data', (chunk) =>
              reader.read(chunk, (status, whole, bodyAt) => {
                if (status !== 200) reject(new Error(`${status} ${whole.subarray(bodyAt).toString()}`));
                answers += 1;
                if (performance.now() - from >= durationMs) resolve();
                else socket.write(next());
              }),
            );
            socket.write(next());
          }),
      ),
    );
    return { answers, ms: performance.now() - from };
  } finally {
    for (const socket of sockets) socket.removeAllListeners('close').destroy();
  }
}

function open(port: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true }, () => resolve(socket));
    socket.once('error', reject);
  });
}
