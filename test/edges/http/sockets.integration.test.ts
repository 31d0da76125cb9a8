import { randomBytes } from 'node:crypto';
import { type Socket, connect } from 'node:net';
import { request } from 'node:http';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import {
  type HttpConfig,
  type HttpServer,
  type HttpServerOptions,
  createHttpServer,
} from '../../../src/edges/http/index.js';
import { pause } from '../../support/envoy-rig/index.js';
import { testDeps } from './support/test-edge.js';

type Deps = Awaited<ReturnType<typeof testDeps>>;

let deps: Deps;
let server: HttpServer;
let port: number;

async function start(config: Partial<HttpConfig> = {}, options: HttpServerOptions = {}): Promise<void> {
  deps = await testDeps({ config });
  server = createHttpServer(deps, options);
  ({ port } = await server.listen({ host: '127.0.0.1', port: 0 }));
}

beforeEach(() => start());
afterEach(async () => {
  await server.close();
  await deps.agent.close();
  await deps.store.close();
});

/** Sends bytes as they are; resolves with what comes back until the server closes or the answer is whole. */
function raw(bytes: string | Buffer, options: { readonly halfClose?: boolean } = {}): Promise<string> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    const socket = connect(port, '127.0.0.1', () => {
      socket.write(bytes);
      if (options.halfClose) socket.end();
    });
    const done = (): void => {
      socket.destroy();
      resolve(Buffer.concat(chunks).toString('latin1'));
    };
    socket.on('data', (chunk: Buffer) => chunks.push(chunk));
    socket.on('error', done);
    socket.on('close', done);
    socket.setTimeout(1_000, done);
  });
}

const get = (path: string): Promise<{ status: number; body: string }> => send('GET', path);

function send(method: string, path: string, body?: string | Buffer): Promise<{ status: number; body: string }> {
  return new Promise((resolve, reject) => {
    const outgoing = request({ port, host: '127.0.0.1', method, path, agent: false }, (answer) => {
      const chunks: Buffer[] = [];
      answer.on('data', (chunk: Buffer) => chunks.push(chunk));
      answer.on('end', () => resolve({ status: answer.statusCode ?? 0, body: Buffer.concat(chunks).toString() }));
    });
    outgoing.on('error', reject);
    outgoing.end(body);
  });
}

const isAlive = async (): Promise<boolean> => (await get('/v1/status/leader')).status === 200;

describe('garbage on the port', () => {
  test.each([
    ['a TLS greeting', Buffer.from('16030100a5010000a10303', 'hex')],
    ['an HTTP/2 preface', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'],
    ['no HTTP at all', 'hello\r\n\r\n'],
    ['a broken header', 'GET /v1/kv/a HTTP/1.1\r\nbad header\r\n\r\n'],
    ['a header over the limit', `GET / HTTP/1.1\r\nHost: a\r\nX: ${'x'.repeat(100_000)}\r\n\r\n`],
    ['a NUL in the path', 'GET /v1/kv/\u0000 HTTP/1.1\r\nHost: a\r\n\r\n'],
    ['a method nobody knows', 'BREW /v1/kv/a HTTP/1.1\r\nHost: a\r\n\r\n'],
  ])('%s is answered with an error and hurts nobody', async (_what, bytes) => {
    expect(await raw(bytes)).toMatch(/^(?:HTTP\/1\.1 4\d\d |$)/);
    expect(await isAlive()).toBe(true);
  });

  test('a request to be led elsewhere is refused', async () => {
    expect(await raw('CONNECT example.org:443 HTTP/1.1\r\nHost: example.org:443\r\n\r\n')).toMatch(/^HTTP\/1\.1 405 /);
    expect(await isAlive()).toBe(true);
  });

  test('random bytes hurt nobody', async () => {
    await Promise.all(Array.from({ length: 50 }, () => raw(randomBytes(300), { halfClose: true })));
    expect(await isAlive()).toBe(true);
  });

  test('connections that say nothing and go hurt nobody', async () => {
    await Promise.all(Array.from({ length: 20 }, () => raw('', { halfClose: true })));
    expect(await isAlive()).toBe(true);
  });
});

describe('a body', () => {
  test('with two lengths is refused, and the request hidden in it is not carried out', async () => {
    const hidden = 'PUT /v1/kv/smuggled HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\nx';
    const answer = await raw(
      `PUT /v1/kv/outer HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n${hidden}`,
    );
    expect(answer).toMatch(/^HTTP\/1\.1 400 /);
    expect((await get('/v1/kv/?keys')).body).toBe('[]');
  });

  test('in chunks has the same limit as one with a length, and is not read to its end', async () => {
    const chunk = `10000\r\n${'x'.repeat(0x10000)}\r\n`;
    const answer = await raw(
      `PUT /v1/kv/big HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n${chunk.repeat(9)}`,
    );
    expect(answer).toMatch(/^HTTP\/1\.1 413 /);
    expect(answer).toMatch(/kv_max_value_size/);
    expect((await get('/v1/kv/big')).status).toBe(404);
  });

  test('at the limit is stored whole, whatever its content type', async () => {
    const value = randomBytes(512 * 1024);
    expect((await send('PUT', '/v1/kv/full', value)).body).toBe('true');
    expect((await send('PUT', '/v1/kv/over', Buffer.concat([value, value.subarray(0, 1)]))).status).toBe(413);
    expect(await isAlive()).toBe(true);
  });

  test('that never comes whole changes nothing', async () => {
    await raw('PUT /v1/kv/half HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nabc', { halfClose: true });
    expect((await get('/v1/kv/half')).status).toBe(404);
  });

  test('on a read is ignored', async () => {
    const answer = await raw(
      'GET /v1/status/leader HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 7\r\n\r\nignored',
    );
    expect(answer).toMatch(/^HTTP\/1\.1 200 /);
  });
});

describe('a path as it is on the wire', () => {
  test('with dots leads to the clean one', async () => {
    expect(await raw('GET /v1/kv/a/../b?raw HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n')).toMatch(
      /^HTTP\/1\.1 307 [\s\S]*location: \/v1\/kv\/b\?raw/i,
    );
  });

  test('with an encoded slash is a key with a slash', async () => {
    await send('PUT', '/v1/kv/a%2Fb', 'x');
    expect((await get('/v1/kv/a/b?raw')).body).toBe('x');
  });
});

describe('connections', () => {
  test('above the limit of an address get 429 while the others go on', async () => {
    await server.close();
    await start({ maxConnectionsPerClient: 3 });
    const held: Socket[] = [];
    for (let count = 0; count < 3; count++) held.push(await open());
    expect(await raw('GET /v1/status/leader HTTP/1.1\r\nHost: a\r\n\r\n')).toMatch(/^HTTP\/1\.1 429 /);
    for (const socket of held) socket.destroy();
    await expect
      .poll(async () =>
        (await raw('GET /v1/status/leader HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n')).slice(0, 15),
      )
      .toBe('HTTP/1.1 200 OK');
  });

  test('a taken port is named, with the flag that chooses another', async () => {
    const second = createHttpServer(deps);
    await expect(second.listen({ host: '127.0.0.1', port })).rejects.toMatchObject({
      code: 'portTaken',
      message: expect.stringMatching(new RegExp(`127\\.0\\.0\\.1:${port}.*-http-port`)),
    });
    await second.close();
  });
});

describe('clients that hold on', () => {
  test('to an answer without reading it are cut off, and those that read slowly are not', async () => {
    await server.close();
    const readingTimeoutMs = 1500;
    await start({}, { readingTimeoutMs });
    for (let count = 0; count < 24; count++) await send('PUT', `/v1/kv/big/${count}`, randomBytes(512 * 1024));
    const ask = 'GET /v1/kv/big?recurse HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n';
    const silent = await open();
    silent.write(ask);
    const reading = await open();
    reading.write(ask);
    const [whole] = await Promise.all([received(reading, 5), pause(3 * readingTimeoutMs)]);
    expect(whole).toBeGreaterThan(16 * 1024 * 1024);
    // Only what the kernel took arrives: the rest was thrown away with the connection.
    expect(await received(silent, 0)).toBeLessThan(whole);
  });

  test('with half a request are told that it took too long', async () => {
    await server.close();
    await start({}, { headersTimeoutMs: 200 });
    expect(await raw('GET /v1/status/leader HTTP/1.1\r\nHost: a\r\nX-Half: ')).toMatch(/^HTTP\/1\.1 408 /);
    expect(await isAlive()).toBe(true);
  });
});

describe('a parked request', () => {
  test('ends with its client, and leaves nothing behind', async () => {
    const query = vi.spyOn(deps.store, 'query');
    const socket = await open();
    socket.write('GET /v1/kv/a?index=1000000&wait=10m HTTP/1.1\r\nHost: a\r\n\r\n');
    await expect.poll(() => query.mock.results.length).toBe(1);
    socket.destroy();
    await expect(query.mock.results[0]?.value).rejects.toMatchObject({ code: 'cancelled' });
    expect(await isAlive()).toBe(true);
  });

  test('is told when the server closes', async () => {
    const parked = get('/v1/kv/a?index=1000000&wait=10m');
    expect(await isAlive()).toBe(true);
    const closed = server.close();
    expect(await parked).toEqual({ status: 503, body: expect.stringMatching(/shutting down/) });
    await closed;
  });
});

/** Reads a piece every so often until the other side closes; resolves with how many bytes came. */
function received(socket: Socket, everyMs: number): Promise<number> {
  return new Promise((resolve) => {
    let bytes = 0;
    const timer = setInterval(() => (bytes += (socket.read() as Buffer | null)?.length ?? 0), everyMs);
    socket.once('error', () => undefined);
    socket.once('close', () => {
      clearInterval(timer);
      resolve(bytes);
    });
  });
}

function open(): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () => resolve(socket));
    socket.on('error', reject);
  });
}
