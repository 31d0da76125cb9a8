import type { Client } from '@grpc/grpc-js';
import type { ServerPeer } from '../contract.js';
import { type ChannelTls, openChannel } from '../wire/channel.js';
import { HttpRelay } from './http-relay.js';

/** Connections to servers by address, all opened with the same credentials. */
export class ServerConnections {
  #tls: ChannelTls;
  readonly #clients = new Map<string, Client>();
  readonly #relays = new Map<string, HttpRelay>();

  constructor(tls: ChannelTls) {
    this.#tls = tls;
  }

  client(address: string): Client {
    const client = this.#clients.get(address) ?? openChannel(address, this.#tls);
    this.#clients.set(address, client);
    return client;
  }

  http(server: ServerPeer): HttpRelay {
    const relay = this.#relays.get(server.address) ?? new HttpRelay(server, this.#tls);
    this.#relays.set(server.address, relay);
    return relay;
  }

  /** New connections are opened with these; what runs over older ones goes on to its end. */
  renew(tls: ChannelTls): void {
    this.#tls = tls;
    for (const relay of this.#relays.values()) relay.retire();
    this.#relays.clear();
    this.close();
  }

  /** The server does not answer any more: requests that wait for it end now, and not when TCP gives up, a quarter of an hour later. */
  breakOff(address: string): void {
    this.#relays.get(address)?.close();
    this.#relays.delete(address);
  }

  /**
   * Nobody takes connections at the address: what is asked there from now on is asked over new ones. Older ones would come to life again
   * only when TCP tries them the next time, many seconds after the way is whole.
   */
  drop(address: string): void {
    this.breakOff(address);
    // Streams over it go on, for as long as they are alive.
    this.#clients.get(address)?.close();
    this.#clients.delete(address);
  }

  close(): void {
    for (const client of this.#clients.values()) client.close();
    for (const relay of this.#relays.values()) relay.close();
    this.#clients.clear();
    this.#relays.clear();
  }
}
