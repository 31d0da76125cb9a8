import { createSocket, type RemoteInfo } from 'node:dgram';
import { isIPv6 } from 'node:net';
import type { Respond } from '../responder.js';
import { type Door, listenProblem } from './door.js';

/** Room in the kernel for bursts that come while the loop is busy. */
const RECEIVE_BUFFER_BYTES = 1_048_576;

/** Answers datagrams at an address. Throws AppError('portTaken' | 'unavailable'). */
export function openUdpDoor(respond: Respond, host: string, port: number): Promise<Door> {
  const socket = createSocket({ type: isIPv6(host) ? 'udp6' : 'udp4' });
  let isOpen = true;
  const send = (bytes: Buffer | undefined, { address, port: to }: RemoteInfo): void => {
    // Whether it arrives is the client's to find out.
    if (bytes && isOpen) socket.send(bytes, to, address, () => undefined);
  };
  socket.on('message', (packet, from) => {
    if (from.port === 0) return;
    const answer = respond(packet, 'udp', from.address);
    if (answer instanceof Promise) void answer.then((bytes) => send(bytes, from));
    else send(answer, from);
  });
  return new Promise((resolve, reject) => {
    const refuse = (error: NodeJS.ErrnoException): void => {
      isOpen = false;
      socket.close();
      reject(listenProblem(error, 'UDP', host, port));
    };
    socket.once('error', refuse);
    socket.bind({ address: host, port, exclusive: true }, () => {
      socket.off('error', refuse);
      socket.on('error', () => undefined);
      try {
        socket.setRecvBufferSize(RECEIVE_BUFFER_BYTES);
      } catch {
        // The kernel's own size has to do.
      }
      resolve({
        port: socket.address().port,
        close: () =>
          new Promise((closed) => {
            isOpen = false;
            socket.close(() => closed());
          }),
      });
    });
  });
}
