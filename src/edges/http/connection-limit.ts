import type { Server } from 'node:http';
import type { Socket } from 'node:net';

const REFUSAL = 'HTTP/1.1 429 Too Many Requests\r\nContent-Length: 0\r\nConnection: close\r\n\r\n';

/**
 * Answers 429 to connections above the limit of their address and closes them; 0 = no limit (consul-behaviour.md 1.1). `open` counts
 * those of all doors. Where TLS is spoken they are only closed; those over socket files are not counted.
 */
export function limitConnections(
  server: Server,
  open: Map<string, number>,
  limit: () => number,
  speaksPlainly: boolean,
): void {
  server.on('connection', (socket: Socket) => {
    const address = socket.remoteAddress;
    if (address === undefined) return;
    const count = (open.get(address) ?? 0) + 1;
    open.set(address, count);
    socket.once('close', () => {
      const left = (open.get(address) ?? 1) - 1;
      if (left > 0) open.set(address, left);
      else open.delete(address);
    });
    const most = limit();
    if (most > 0 && count > most) {
      socket.on('error', () => socket.destroy());
      if (speaksPlainly) socket.end(REFUSAL, () => socket.destroySoon());
      else socket.destroy();
    }
  });
}
