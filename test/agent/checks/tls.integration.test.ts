import { createServer, type Server } from 'node:https';
import { createSecureServer } from 'node:http2';
import { createServer as createTlsServer, type Server as TlsServer, type TLSSocket } from 'node:tls';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { createHttpProbe } from '../../../src/agent/checks/http.js';
import { createGrpcProbe } from '../../../src/agent/checks/grpc.js';
import { createH2PingProbe } from '../../../src/agent/checks/h2ping.js';
import { createTcpProbe } from '../../../src/agent/checks/tcp.js';
import { selfSigned } from './support/certificate.js';
import { definitionOf, look } from './support/probe.js';

let certificate: { readonly cert: string; readonly key: string };
let server: Server | TlsServer;
let names: unknown[];

beforeAll(async () => {
  certificate = await selfSigned('mesh.example');
});
beforeEach(() => {
  names = [];
});
afterEach(() => server.close());

/** What the server shows; it notes the name that it is asked for, also by those who hang up at once. */
const shown = () => ({
  ...certificate,
  SNICallback: (name: string, done: (error: null) => void) => {
    names.push(name);
    done(null);
  },
});

async function listen(created: Server | TlsServer): Promise<number> {
  server = created;
  await new Promise<void>((resolve) => created.listen(0, '127.0.0.1', () => resolve()));
  return (created.address() as AddressInfo).port;
}

const overHttps = async (more: object) => {
  const port = await listen(
    createServer(shown(), (request, response) => {
      if (request.url === '/moved') response.writeHead(302, { Location: '/health' }).end();
      else response.end('hello');
    }),
  );
  const { path = '/health', ...rest } = more as { readonly path?: string };
  return look(createHttpProbe(definitionOf({ HTTP: `https://127.0.0.1:${port}${path}`, ...rest }), 4096));
};
const overTcp = async (more: object) =>
  look(
    createTcpProbe(
      definitionOf({ TCP: `127.0.0.1:${await listen(createTlsServer(shown()))}`, TCPUseTLS: true, ...more }),
    ),
  );

/** How a gRPC server without a health service answers. */
const NO_SUCH_METHOD = { ':status': 200, 'content-type': 'application/grpc', 'grpc-status': '12' };

describe('the certificate of the agent (enable_agent_tls_for_checks)', () => {
  const probes = [
    [
      'an HTTPS check',
      'https',
      (port: number, tls: object) =>
        createHttpProbe(definitionOf({ HTTP: `https://127.0.0.1:${port}/`, TLSServerName: 'mesh.example' }), 4096, tls),
    ],
    [
      'a TCP check',
      'tcp',
      (port: number, tls: object) =>
        createTcpProbe(definitionOf({ TCP: `127.0.0.1:${port}`, TCPUseTLS: true, TLSServerName: 'mesh.example' }), tls),
    ],
    [
      'a gRPC check',
      'grpc',
      (port: number, tls: object) =>
        createGrpcProbe(
          definitionOf({ GRPC: `127.0.0.1:${port}`, GRPCUseTLS: true, TLSServerName: 'mesh.example' }),
          tls,
        ),
    ],
    [
      'an HTTP/2 ping',
      'h2',
      (port: number, tls: object) =>
        createH2PingProbe(definitionOf({ H2PING: `127.0.0.1:${port}`, TLSServerName: 'mesh.example' }), tls),
    ],
  ] as const;
  test.each(probes)('is shown by %s, which trusts the authorities of the agent', async (_what, kind, make) => {
    const shownBy: (string | undefined)[] = [];
    const asking = { ...certificate, requestCert: true, ca: certificate.cert, rejectUnauthorized: false };
    const created =
      kind === 'https'
        ? createServer(asking, (_request, response) => response.end('hello'))
        : kind === 'tcp'
          ? createTlsServer(asking)
          : createSecureServer(asking).on('stream', (stream) => stream.respond(NO_SUCH_METHOD, { endStream: true }));
    created.on('secureConnection', (socket: TLSSocket) => {
      const { subject } = socket.getPeerCertificate();
      shownBy.push(subject === undefined ? undefined : String(subject.CN));
    });
    const port = await listen(created);
    const { cert, key } = certificate;
    const result = await look(make(port, { ca: cert, cert, key }));
    // A TCP check hangs up before the server is done.
    expect(shownBy[0]).toBe(kind === 'tcp' ? undefined : 'mesh.example');
    // There is no health service of gRPC: that it was asked is enough.
    expect(result.status).toBe(kind === 'grpc' ? 'critical' : 'passing');
    expect((await look(make(port, {}))).status).toBe('critical');
  });
});

describe.each([
  ['an HTTPS check', overHttps],
  ['a TCP check with TLS', overTcp],
])('%s', (_what, check) => {
  test('is critical when nobody signed the certificate', async () => {
    expect(await check({ TLSServerName: 'mesh.example' })).toMatchObject({
      status: 'critical',
      output: expect.stringMatching(/self.signed/),
    });
  });

  test('does not look at the certificate when told so, and asks for the name it is given', async () => {
    expect(await check({ TLSServerName: 'mesh.example', TLSSkipVerify: true })).toMatchObject({ status: 'passing' });
    expect(names).toEqual(['mesh.example']);
  });
});

describe('an HTTP check that is sent elsewhere', () => {
  test('follows', async () => {
    expect(await overHttps({ path: '/moved', TLSSkipVerify: true })).toMatchObject({ status: 'passing' });
  });

  test('takes the redirect for the answer when told so', async () => {
    expect(await overHttps({ path: '/moved', TLSSkipVerify: true, DisableRedirects: true })).toMatchObject({
      status: 'critical',
      output: expect.stringContaining('302'),
    });
  });
});
