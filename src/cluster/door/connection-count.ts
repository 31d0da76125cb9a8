import type { Socket } from 'node:net';

/** Open connections by the address of the other end. */
export class ConnectionCount {
  readonly #byAddress = new Map<string, number>();
  /** A TLS socket and the plain one below it are told apart by nothing but their ends. */
  readonly #counted = new Map<string, string>();

  /** Counts a connection until it closes or is forgotten. Returns how many there are from its address. */
  add(socket: Socket): number {
    const address = socket.remoteAddress ?? '';
    const name = nameOf(socket);
    this.#counted.set(name, address);
    const count = (this.#byAddress.get(address) ?? 0) + 1;
    this.#byAddress.set(address, count);
    socket.once('close', () => this.#remove(name));
    return count;
  }

  forget(socket: Socket): void {
    this.#remove(nameOf(socket));
  }

  #remove(name: string): void {
    const address = this.#counted.get(name);
    if (address === undefined) return;
    this.#counted.delete(name);
    const left = (this.#byAddress.get(address) ?? 1) - 1;
    if (left > 0) this.#byAddress.set(address, left);
    else this.#byAddress.delete(address);
  }
}

const nameOf = ({ remoteAddress, remotePort, localPort }: Socket): string =>
  `${remoteAddress ?? ''} ${remotePort ?? 0} ${localPort ?? 0}`;
