import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import type { Mesh } from '../../support/envoy-rig/index.js';

/** What an instance does with a request. */
export interface Behaviour {
  /** Default 200. */
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** Waits before it answers. */
  readonly delayMs?: number;
  /** Ends the connection instead of an answer. */
  readonly reset?: boolean;
}

export interface Arrival {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingMessage['headers'];
  readonly atMs: number;
}

export interface NativeInstanceOptions {
  readonly id: string;
  readonly service: string;
  /** More of the registration. */
  readonly registration?: Readonly<Record<string, unknown>>;
}

/**
 * An instance that speaks the mesh's TLS itself (`Connect.Native`), so that an Envoy's calls reach the test without another Envoy
 * in between: what it does with each request, and whether it is there at all, is the test's to say.
 */
export class NativeInstance {
  readonly arrivals: Arrival[] = [];
  /** What it does with the next requests, the first one first; afterwards `always`. */
  readonly next: Behaviour[] = [];
  always: Behaviour = {};
  readonly #sockets = new Set<Socket>();

  private constructor(
    private readonly mesh: Mesh,
    private readonly options: NativeInstanceOptions,
    private readonly server: Server,
  ) {}

  /** Registers and starts it. */
  static async start(mesh: Mesh, options: NativeInstanceOptions): Promise<NativeInstance> {
    const leaf = await mesh.plane.get<{ CertPEM: string; PrivateKeyPEM: string }>(
      `/v1/agent/connect/ca/leaf/${options.service}`,
    );
    const { Roots } = await mesh.plane.get<{ Roots: readonly { RootCert: string }[] }>('/v1/connect/ca/roots');
    const server = createServer({
      cert: leaf.CertPEM,
      key: leaf.PrivateKeyPEM,
      ca: Roots.map(({ RootCert }) => RootCert),
      requestCert: true,
      keepAliveTimeout: 0,
    });
    const instance = new NativeInstance(mesh, options, server);
    server.on('request', (request: IncomingMessage, response: ServerResponse) => instance.#answer(request, response));
    server.on('connection', (socket: Socket) => {
      instance.#sockets.add(socket);
      socket.on('error', () => socket.destroy());
      socket.on('close', () => instance.#sockets.delete(socket));
    });
    await instance.#listen(0);
    mesh.rig.onClose(() => instance.goAway());
    await instance.register(options.registration);
    return instance;
  }

  /** Registers it again, with other details. */
  async register(details: Readonly<Record<string, unknown>> = {}): Promise<void> {
    const { id, service } = this.options;
    await this.mesh.plane.put('/v1/agent/service/register', {
      ...{ ID: id, Name: service, Port: this.#port, Connect: { Native: true } },
      ...details,
    });
  }

  /** Takes it out of traffic for health's sake, or back in. */
  async setHealthy(healthy: boolean): Promise<void> {
    await this.mesh.plane.put(`/v1/agent/service/maintenance/${this.options.id}?enable=${!healthy}`);
  }

  /** Nothing listens at its port any more, although it is registered. */
  goAway(): Promise<void> {
    return new Promise((resolve) => {
      this.server.close(() => resolve());
      for (const socket of this.#sockets) socket.destroy();
    });
  }

  /** Listens again, where it did before. */
  comeBack(): Promise<void> {
    return this.#listen(this.#port);
  }

  /** Requests with a path of this beginning. */
  arrived(path = '/'): readonly Arrival[] {
    return this.arrivals.filter((arrival) => arrival.path.startsWith(path));
  }

  #port = 0;

  #listen(port: number): Promise<void> {
    return new Promise((resolve, reject) => {
      this.server.once('error', reject);
      this.server.listen({ host: '127.0.0.1', port }, () => {
        this.server.off('error', reject);
        this.#port = (this.server.address() as AddressInfo).port;
        resolve();
      });
    });
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    const { method = '', url: path = '', headers } = request;
    this.arrivals.push({ method, path, headers, atMs: performance.now() });
    const { status = 200, headers: more = {}, delayMs = 0, reset = false } = this.next.shift() ?? this.always;
    request.resume();
    setTimeout(() => {
      if (reset) return request.socket.destroy();
      response.writeHead(status, { 'x-who': this.options.id, ...more });
      response.end(JSON.stringify({ who: this.options.id, path, headers }));
    }, delayMs);
  }
}
