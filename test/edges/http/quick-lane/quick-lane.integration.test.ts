import { connect, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createHttpServer, type HttpServer, type HttpServerOptions } from '../../../../src/edges/http/index.js';
import { testDeps } from '../support/test-edge.js';

let deps: Awaited<ReturnType<typeof testDeps>>;
let server: HttpServer;
let port: number;

async function start(options: HttpServerOptions = {}): Promise<void> {
  deps = await testDeps({ config: { responseHeaders: { 'X-Extra': 'a\r\nb é' } } });
  server = createHttpServer(deps, options);
  ({ port } = await server.listen({ host: '127.0.0.1', port: 0 }));
}

beforeEach(() => start());
afterEach(async () => {
  await server.close();
  await deps.agent.close();
  await deps.store.close();
});

const get = (path: string, ...headers: string[]): string =>
  `GET ${path} HTTP/1.1\r\n${['Host: a', ...headers].join('\r\n')}\r\n\r\n`;
const put = (path: string, body: string): string =>
  `PUT ${path} HTTP/1.1\r\nHost: a\r\nContent-Length: ${body.length}\r\n\r\n${body}`;

interface Client {
  readonly socket: Socket;
  /** The next whole answer: its first line, headers as they came, and body. */
  next(): Promise<{ readonly head: string; readonly body: string }>;
}

async function client(): Promise<Client> {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true });
  await new Promise((resolve, reject) => socket.once('connect', resolve).once('error', reject));
  let text = '';
  let wake = (): void => undefined;
  socket.on('data', (chunk) => {
    text += chunk.toString('latin1');
    wake();
  });
  socket.on('close', () => wake());
  return {
    socket,
    async next() {
      for (;;) {
        const end = text.indexOf('\r\n\r\n') + 4;
        const length = Number(/\r\ncontent-length: (\d+)/i.exec(text.slice(0, end))?.[1] ?? 0);
        if (end >= 4 && text.length >= end + length) {
          const answer = { head: text.slice(0, end), body: text.slice(end, end + length) };
          text = text.slice(end + length);
          return answer;
        }
        if (socket.destroyed) throw new Error(`the connection ended after ${JSON.stringify(text)}`);
        await new Promise<void>((resolve) => (wake = resolve));
      }
    },
  };
}

describe('the quick lane', () => {
  test.each([
    ['GET', '/v1/kv/a'],
    ['GET', '/v1/kv/none'],
    ['GET', '/v1/kv/a?raw'],
    ['GET', '/v1/kv/a?index=x'],
    ['GET', '/v1/kv/../catalog/nodes'],
    ['GET', '/v1/kv/%zz'],
    ['GET', '/v1/health/service/web?passing'],
    ['GET', '/v1/catalog/services'],
    ['DELETE', '/v1/health/service/web'],
    ['PUT', '/v1/kv/b'],
  ])('answers %s %s as node:http does', async (method, path) => {
    const writer = await client();
    writer.socket.write(put('/v1/kv/a', 'é'));
    await writer.next();
    const request = `${method} ${path} HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n`;
    const quick = await client();
    quick.socket.write(`${request}\r\n`);
    const ofNode = await client();
    // A header that the lane does not take.
    ofNode.socket.write(`${request}TE: trailers\r\n\r\n`);
    const [ours, theirs] = [await quick.next(), await ofNode.next()];
    // Node:http has not seen the end of a request that is refused at once, and gives the connection up; the lane has.
    const told = ({ head, body }: typeof ours) => [
      head.replaceAll(/\r\n(?:Date|Connection|Keep-Alive): [^\r]+/g, ''),
      body,
    ];
    expect(told(ours)).toEqual(told(theirs));
  });

  test('answers in order, also what comes in one piece, and goes on when a client changes to what it does not take', async () => {
    const { socket, next } = await client();
    const writes = Array.from(
      { length: 40 },
      (_, at) => put(`/v1/kv/${at % 3}`, String(at)) + get(`/v1/kv/${at % 3}?raw`),
    );
    socket.write(writes.join('') + get('/v1/status/leader') + get('/v1/kv/0?raw'));
    const bodies: string[] = [];
    for (let answers = 0; answers < 82; answers += 1) bodies.push((await next()).body);
    expect(bodies).toEqual([
      ...Array.from({ length: 40 }, (_, at) => ['true', String(at)]).flat(),
      '"127.0.0.1:8300"',
      '39',
    ]);
  });

  test('leaves a request that comes in pieces to node:http, wherever it is cut', async () => {
    const request = put('/v1/kv/cut', 'value');
    for (let at = 1; at < request.length; at += 7) {
      const { socket, next } = await client();
      socket.write(request.slice(0, at));
      await new Promise((resolve) => setImmediate(resolve));
      socket.write(request.slice(at) + get('/v1/kv/cut?raw'));
      expect([(await next()).body, (await next()).body]).toEqual(['true', 'value']);
      socket.destroy();
    }
  });

  test('answers all that a client has asked before it said no more', async () => {
    const { socket, next } = await client();
    socket.end(get('/v1/kv/none').repeat(20) + get('/v1/catalog/datacenters'));
    const bodies: string[] = [];
    for (let answers = 0; answers < 21; answers += 1) bodies.push((await next()).body);
    expect(bodies).toEqual([...Array.from({ length: 20 }, () => ''), '["dc1"]']);
    await expect(next()).rejects.toThrow(/ended/);
  });

  test('cuts nobody off who waits, and ends with a client that goes', async () => {
    const { socket, next } = await client();
    socket.write(get('/v1/kv/a?index=1000&wait=10m'));
    await expect.poll(() => deps.store.sizes.parkedQueries).toBe(1);
    socket.end();
    await expect.poll(() => deps.store.sizes.parkedQueries).toBe(0);
    await expect(next()).rejects.toThrow(/ended/);
  });

  test('tells a connection that says nothing that it took too long', async () => {
    await server.close();
    await start({ headersTimeoutMs: 100 });
    const { next } = await client();
    expect((await next()).head).toMatch(/^HTTP\/1\.1 408 /);
  });

  test('sends what is large in the end, and does not read ahead of a client that does not', async () => {
    const writer = await client();
    writer.socket.write(put('/v1/kv/big', 'x'.repeat(60_000)));
    expect((await writer.next()).body).toBe('true');
    const { socket, next } = await client();
    socket.write(get('/v1/kv/big?raw').repeat(100));
    let bytes = 0;
    for (let answers = 0; answers < 100; answers += 1) bytes += (await next()).body.length;
    expect(bytes).toBe(6_000_000);
  });
});
