import { type Socket, connect } from 'node:net';

/** Many connections, one request on each, whose answers come when they come. */
export class ParkedClients {
  /** How many have been answered. */
  answers = 0;
  readonly #port: number;
  readonly #connecting: number;
  readonly #sockets: Socket[] = [];
  readonly #done = new Set<number>();
  #told: () => void = () => undefined;

  constructor(port: number, connecting: number) {
    this.#port = port;
    this.#connecting = connecting;
  }

  /** Opens so many connections, some at a time, and sends each its request. */
  async open(count: number, requestOf: (at: number) => Buffer): Promise<void> {
    let next = 0;
    const worker = async (): Promise<void> => {
      for (let at = next++; at < count; at = next++) await this.#open(at, requestOf(at));
    };
    await Promise.all(Array.from({ length: this.#connecting }, worker));
  }

  /** Resolves when each of these has been answered. */
  answered(wanted: readonly number[]): Promise<void> {
    return new Promise((resolve) => {
      const look = (): void => {
        if (wanted.every((at) => this.#done.has(at))) resolve();
      };
      this.#told = look;
      look();
    });
  }

  close(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  #open(at: number, request: Buffer): Promise<void> {
    return new Promise((resolve, reject) => {
      const socket = connect(this.#port, '127.0.0.1', () => socket.write(request, () => resolve()));
      this.#sockets.push(socket);
      socket.on('error', reject);
      socket.on('data', () => {
        if (this.#done.has(at)) return;
        this.#done.add(at);
        this.answers += 1;
        this.#told();
      });
    });
  }
}
