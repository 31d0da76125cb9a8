import { createServer } from 'node:net';

// Below the ports that the system gives to outgoing connections, which could otherwise take one between look and use.
const FROM = 22_000;
const TO = 32_000;
let next = FROM + Math.floor(Math.random() * (TO - FROM));

/** A port that nobody listens on, on any address of this machine; never the same twice in a row. */
export async function freePort(): Promise<number> {
  for (let tries = TO - FROM; tries > 0; tries--) {
    const port = next++;
    if (next >= TO) next = FROM;
    if ((await isFree(port, '127.0.0.1')) && (await isFree(port, '0.0.0.0'))) return port;
  }
  throw new Error(`no port between ${FROM} and ${TO} is free`);
}

/** Whether a server could listen there. */
export function isFree(port: number, host: string): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen({ port, host, exclusive: true }, () => server.close(() => resolve(true)));
  });
}
