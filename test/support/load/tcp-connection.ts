import { connect, type Socket } from 'node:net';

const ASK_EVERY_MS = 25;

/** One TCP connection to an echo service that talks all the time. */
export class TcpConnection {
  /** What the service said first. */
  who = '';
  /** Bytes that came back. */
  echoed = 0;
  /** When it ended, on the clock of `performance.now()`; undefined while it lives. */
  endedAt: number | undefined;
  readonly ended: Promise<void>;
  readonly #socket: Socket;
  readonly #timer: NodeJS.Timeout;

  private constructor(port: number) {
    this.#socket = connect({ host: '127.0.0.1', port, noDelay: true });
    this.#socket.on('connect', () => this.#socket.write('x'));
    this.#timer = setInterval(() => this.#socket.writable && this.#socket.write('x'), ASK_EVERY_MS);
    this.#socket.on('error', () => this.#socket.destroy());
    this.#socket.on('end', () => this.#socket.destroy());
    this.ended = new Promise((resolve) =>
      this.#socket.once('close', () => {
        clearInterval(this.#timer);
        this.endedAt = performance.now();
        resolve();
      }),
    );
  }

  /**
   * Connects, speaks, and waits for the first echo. undefined: closed before that. The greeting says nothing yet: Envoy decides
   * about a TCP connection when the client's first byte arrives, and until then hands on what the service says.
   */
  static async open(port: number): Promise<TcpConnection | undefined> {
    const connection = new TcpConnection(port);
    await Promise.race([connection.ended, connection.#answered()]);
    return connection.endedAt === undefined ? connection : undefined;
  }

  get isOpen(): boolean {
    return this.endedAt === undefined;
  }

  close(): void {
    this.#socket.destroy();
  }

  #answered(): Promise<void> {
    return new Promise((resolve) => {
      let greeting = '';
      this.#socket.on('data', (bytes) => {
        if (this.who === '') {
          greeting += bytes.toString('utf8');
          const end = greeting.indexOf('\n');
          if (end < 0) return;
          this.who = greeting.slice(0, end);
          this.echoed += greeting.length - end - 1;
        } else {
          this.echoed += bytes.length;
        }
        if (this.echoed > 0) resolve();
      });
    });
  }
}
