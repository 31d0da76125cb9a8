import { type ConnectionOptions, connect, type TLSSocket } from 'node:tls';

export interface RawAnswer {
  readonly status: number;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
}

/** HTTP/1.1 by hand over TLS: what is asked goes out byte by byte as it is given. Bytes are characters. */
export class RawHttpClient {
  #socket: TLSSocket | undefined;
  #received = Buffer.alloc(0);
  #wake: (() => void) | undefined;
  #problem: Error | undefined;

  constructor(private readonly options: ConnectionOptions) {}

  /** Sends one request and reads its answer. Connects anew when the last one was closed. */
  async ask(request: string, method: string): Promise<RawAnswer> {
    const socket = this.#socket ?? (await this.#connect());
    socket.write(Buffer.from(request, 'latin1'));
    const head = await this.#until((bytes) => {
      const end = bytes.indexOf('\r\n\r\n');
      return end < 0 ? undefined : end + 4;
    });
    const [first = '', ...lines] = head.trimEnd().split('\r\n');
    const headers = Object.fromEntries(
      lines.map((line) => [line.slice(0, line.indexOf(':')).toLowerCase(), line.slice(line.indexOf(':') + 1).trim()]),
    );
    const length = method === 'HEAD' ? 0 : Number(headers['content-length'] ?? 0);
    await this.#until((bytes) => (bytes.length >= length ? length : undefined));
    if (headers['connection'] === 'close') this.close();
    return { status: Number(first.split(' ')[1]), headers };
  }

  close(): void {
    this.#socket?.destroy();
    this.#socket = undefined;
  }

  async #connect(): Promise<TLSSocket> {
    this.#received = Buffer.alloc(0);
    this.#problem = undefined;
    const socket = connect(this.options);
    this.#socket = socket;
    const fail = (problem: Error): void => {
      if (this.#socket !== socket) return;
      this.#socket = undefined;
      this.#problem = problem;
      this.#wake?.();
    };
    socket.on('data', (bytes: Buffer) => {
      if (this.#socket !== socket) return;
      this.#received = Buffer.concat([this.#received, bytes]);
      this.#wake?.();
    });
    socket.on('error', fail);
    socket.on('close', () => fail(new Error('the connection was closed')));
    await new Promise<void>((resolve, reject) => {
      socket.once('secureConnect', resolve);
      socket.once('error', reject);
    });
    return socket;
  }

  /** Takes as many bytes as `enough` says, once it says so. */
  async #until(enough: (bytes: Buffer) => number | undefined): Promise<string> {
    for (;;) {
      const size = enough(this.#received);
      if (size !== undefined) {
        const taken = this.#received.subarray(0, size).toString('latin1');
        this.#received = this.#received.subarray(size);
        return taken;
      }
      if (this.#problem) throw this.#problem;
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }
}
