import { createServer as createHttpServer, type Server as HttpServer } from 'node:http';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import type { Rig } from './rig.js';

/** What an HTTP app says about itself and the request it got. */
export interface AppAnswer {
  readonly who: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
}

export interface App {
  readonly port: number;
  /** Requests or connections that have arrived. */
  readonly arrived: number;
  close(): Promise<void>;
}

/** Where an HTTP app streams for as long as the client listens: a few bytes every 50 ms. */
export const STREAM_PATH = '/stream';

/** An HTTP service that says who it is (`AppAnswer`), on a port of the loopback or of another address. */
export async function startHttpApp(
  rig: Rig,
  who: string,
  { port = 0, host = '127.0.0.1' }: { readonly port?: number; readonly host?: string } = {},
): Promise<App> {
  let arrived = 0;
  const server = createHttpServer({ keepAliveTimeout: 0 }, (request, response) => {
    arrived++;
    response.setHeader('x-who', who);
    if (request.url === STREAM_PATH) {
      const timer = setInterval(() => response.write('tick\n'), 50);
      response.on('close', () => clearInterval(timer));
      return;
    }
    const { url: path = '', headers } = request;
    response.end(JSON.stringify({ who, path, headers }));
  });
  return listening(rig, server, { port, host }, () => arrived);
}

/** A TCP service that greets with its name and a line end, then sends back what it gets. */
export async function startTcpApp(rig: Rig, who: string, port = 0): Promise<App> {
  let arrived = 0;
  const server = createServer({ noDelay: true }, (socket) => {
    arrived++;
    socket.on('error', () => socket.destroy());
    socket.write(`${who}\n`);
    socket.pipe(socket);
  });
  return listening(rig, server, { port, host: '127.0.0.1' }, () => arrived);
}

async function listening(
  rig: Rig,
  server: HttpServer | Server,
  at: { readonly port: number; readonly host: string },
  arrived: () => number,
): Promise<App> {
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(at, resolve);
  });
  const close = () =>
    new Promise<void>((resolve) => {
      server.close(() => resolve());
      for (const socket of sockets) socket.destroy();
    });
  rig.onClose(close);
  return {
    port: (server.address() as AddressInfo).port,
    get arrived() {
      return arrived();
    },
    close,
  };
}
