import { createSocket } from 'node:dgram';
import type { LoadResult } from './http-load.js';

const IN_FLIGHT = 64;
const RESEND_MS = 500;

/** A DNS query of one question. */
export function dnsQuery(name: string, type: number): Buffer {
  const labels = name.split('.').flatMap((label) => [Buffer.from([label.length]), Buffer.from(label)]);
  const head = Buffer.from([0, 0, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0]);
  return Buffer.concat([head, ...labels, Buffer.from([0, 0, type, 0, 1])]);
}

/** One packet, its answer. */
export function askDatagram(port: number, packet: Buffer): Promise<Buffer> {
  return new Promise((resolve) => {
    const socket = createSocket('udp4');
    socket.once('message', (answer) => {
      socket.close();
      resolve(answer);
    });
    socket.send(packet, port, '127.0.0.1');
  });
}

/** Keeps 64 packets in flight for a while. What gets lost is sent again. */
export function dnsLoad(port: number, packet: Buffer, durationMs: number): Promise<LoadResult> {
  return new Promise((resolve) => {
    const socket = createSocket({ type: 'udp4', recvBufferSize: 1_048_576 });
    const from = performance.now();
    let answers = 0;
    let lastAt = from;
    const send = (): void => socket.send(packet);
    const watchdog = setInterval(() => {
      if (performance.now() - lastAt > RESEND_MS) for (let sent = 0; sent < IN_FLIGHT; sent += 1) send();
    }, RESEND_MS);
    socket.on('message', () => {
      lastAt = performance.now();
      answers += 1;
      if (lastAt - from < durationMs) send();
      else {
        clearInterval(watchdog);
        socket.removeAllListeners('message').close();
        resolve({ answers, ms: lastAt - from });
      }
    });
    socket.bind(0, '127.0.0.1', () => {
      socket.connect(port, '127.0.0.1', () => {
        for (let sent = 0; sent < IN_FLIGHT; sent += 1) send();
      });
    });
  });
}
