import { createSocket, type RemoteInfo } from 'node:dgram';
import { lookup } from 'node:dns';
import { isIP, isIPv6 } from 'node:net';
import type { Respond } from '../responder.js';
import { type Door, listenProblem } from './door.js';

/** Room in the kernel for bursts that come while the loop is busy. */
const RECEIVE_BUFFER_BYTES = 1_048_576;

/** Answers datagrams at an address. Throws AppError('portTaken' | 'unavailable'). */
export function openUdpDoor(respond: Respond, host: string, port: number): Promise<Door> {
  const socket = createSocket({
    type: isIPv6(host) ? 'udp6' : 'udp4',
    // Asked for every datagram that is sent: what is an address already is not looked up.
    lookup: (name, options, callback) => {
      const family = isIP(name);
      if (family === 0) lookup(name, options, callback);
      else callback(null, name, family);
    },
  });
  let isOpen = true;
  const answers: { readonly bytes: Buffer; readonly to: RemoteInfo }[] = [];
  const sendAll = (): void => {
    // Whether they arrive is the clients' to find out.
    for (const { bytes, to } of answers.splice(0)) if (isOpen) socket.send(bytes, to.port, to.address);
  };
  // What is answered in one turn goes out together: a client of this machine that is woken by each answer costs as much as the look-up.
  const send = (bytes: Buffer | undefined, to: RemoteInfo): void => {
    if (bytes && answers.push({ bytes, to }) === 1) setImmediate(sendAll);
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
