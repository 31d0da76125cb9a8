import { createSecureServer, createServer, type Http2SecureServer, type Http2Server } from 'node:http2';
import { createServer as createTcpServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { afterEach, beforeAll, describe, expect, test } from 'vitest';
import { createH2PingProbe } from '../../../src/agent/checks/h2ping.js';
import { selfSigned } from './support/certificate.js';
import { definitionOf, look } from './support/probe.js';

let certificate: { readonly cert: string; readonly key: string };
let server: Http2Server | Http2SecureServer | Server | undefined;
let names: unknown[] = [];

beforeAll(async () => {
  certificate = await selfSigned('mesh.example');
});
afterEach(() => server?.close());

async function listen<Kind extends Http2Server | Http2SecureServer | Server>(created: Kind): Promise<string> {
  server = created;
  await new Promise<void>((resolve) => created.listen(0, '127.0.0.1', () => resolve()));
  return `127.0.0.1:${(created.address() as AddressInfo).port}`;
}
const secure = (): Promise<string> => {
  names = [];
  const created = createSecureServer(certificate);
  created.on('session', (session) => names.push((session.socket as { servername?: unknown }).servername));
  return listen(created);
};
const check = (target: string, more: object, timeoutMs?: number) =>
  look(createH2PingProbe(definitionOf({ H2PING: target, ...more })), timeoutMs);

describe('an H2 ping check', () => {
  test('passes when a plain HTTP/2 server answers', async () => {
    const target = await listen(createServer());
    expect(await check(target, { H2PingUseTLS: false })).toEqual({
      status: 'passing',
      output: `HTTP2 ping ${target}: Success`,
    });
  });

  test('uses TLS unless told otherwise, and asks for the name it is given', async () => {
    const target = await secure();
    const more = { TLSSkipVerify: true, TLSServerName: 'mesh.example' };
    expect(await check(target, more)).toMatchObject({ status: 'passing' });
    expect(names).toEqual(['mesh.example']);
  });

  test('is critical when nobody signed the certificate', async () => {
    expect(await check(await secure(), {})).toMatchObject({
      status: 'critical',
      output: expect.stringMatching(/self.signed/),
    });
  });

  test('is critical when nobody listens, and when what listens does not speak HTTP/2', async () => {
    const target = await listen(createTcpServer((socket) => socket.resume().end('hello\n')));
    expect(await check(target, { H2PingUseTLS: false })).toMatchObject({ status: 'critical' });
    await new Promise((resolve) => server?.close(resolve));
    expect(await check(target, { H2PingUseTLS: false })).toMatchObject({
      status: 'critical',
      output: `HTTP2 ping ${target}: connection refused`,
    });
  });

  test('is critical in time when the server is silent, and leaves no connection', async () => {
    const sockets: Socket[] = [];
    const target = await listen(
      createTcpServer((socket) => void sockets.push(socket.resume().on('error', () => undefined))),
    );
    expect(await check(target, { H2PingUseTLS: false }, 200)).toMatchObject({
      status: 'critical',
      output: expect.stringContaining('context deadline exceeded'),
    });
    await expect.poll(() => sockets.map(({ destroyed, readableEnded }) => destroyed || readableEnded)).toEqual([true]);
  });
});
