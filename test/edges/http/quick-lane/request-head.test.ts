import { createServer } from 'node:http';
import { connect } from 'node:net';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { readPlainRequest } from '../../../../src/edges/http/quick-lane/request-head.js';

const read = (text: string) => readPlainRequest(Buffer.from(text, 'latin1'));
const HOST = 'Host: a\r\n';

describe('a plain request', () => {
  test('is read with its target, headers and body, up to the next one', () => {
    const bytes =
      'PUT /v1/kv/a?cas=1 HTTP/1.1\r\nHost: a\r\nX-Consul-Token: \t t 1 \r\nContent-Length: 3\r\n\r\nabcGET';
    expect(read(bytes)).toEqual({
      method: 'PUT',
      target: '/v1/kv/a?cas=1',
      headers: ['host', 'a', 'x-consul-token', 't 1', 'content-length', '3'],
      bodyAt: bytes.length - 6,
      endsAt: bytes.length - 3,
    });
  });

  test.each([
    ['is not whole', `GET /v1/kv/a HTTP/1.1\r\n${HOST}`],
    ['has half a body', `PUT /v1/kv/a HTTP/1.1\r\n${HOST}Content-Length: 4\r\n\r\nabc`],
    ['asks another family', `GET /v1/agent/self HTTP/1.1\r\n${HOST}\r\n`],
    ['is of another version', `GET /v1/kv/a HTTP/1.0\r\n${HOST}\r\n`],
    ['names no host', 'GET /v1/kv/a HTTP/1.1\r\nAccept: */*\r\n\r\n'],
    ['has a header twice', `GET /v1/kv/a HTTP/1.1\r\n${HOST}X: 1\r\nx: 2\r\n\r\n`],
    ['has two lengths', `PUT /v1/kv/a HTTP/1.1\r\n${HOST}Content-Length: 1\r\nContent-Length: 2\r\n\r\nab`],
    [
      'has a length and chunks',
      `PUT /v1/kv/a HTTP/1.1\r\n${HOST}Content-Length: 0\r\nTransfer-Encoding: chunked\r\n\r\n`,
    ],
    ['has a signed length', `PUT /v1/kv/a HTTP/1.1\r\n${HOST}Content-Length: +1\r\n\r\na`],
    ['has a list of lengths', `PUT /v1/kv/a HTTP/1.1\r\n${HOST}Content-Length: 1, 1\r\n\r\na`],
    ['reads with a body', `GET /v1/kv/a HTTP/1.1\r\n${HOST}Content-Length: 1\r\n\r\na`],
    ['ends the connection', `GET /v1/kv/a HTTP/1.1\r\n${HOST}Connection: close\r\n\r\n`],
    ['waits before it sends its body', `PUT /v1/kv/a HTTP/1.1\r\n${HOST}Expect: 100-continue\r\n\r\n`],
    ['changes the protocol', `GET /v1/kv/a HTTP/1.1\r\n${HOST}Upgrade: h2c\r\n\r\n`],
    ['folds a header', `GET /v1/kv/a HTTP/1.1\r\n${HOST}X: 1\r\n 2\r\n\r\n`],
    ['ends a line without a return', `GET /v1/kv/a HTTP/1.1\r\n${HOST}X: 1\nY: 2\r\n\r\n`],
    ['has a blank before a colon', `GET /v1/kv/a HTTP/1.1\r\n${HOST}Content-Length : 0\r\n\r\n`],
    ['has a header without a name', `GET /v1/kv/a HTTP/1.1\r\n${HOST}: 1\r\n\r\n`],
    ['has a blank in its target', `GET /v1/kv/a b HTTP/1.1\r\n${HOST}\r\n`],
    ['has a fragment', `GET /v1/kv/a#b HTTP/1.1\r\n${HOST}\r\n`],
    ['has too long a head', `GET /v1/kv/a HTTP/1.1\r\n${HOST}X: ${'x'.repeat(9_000)}\r\n\r\n`],
  ])('that %s is left to node:http', (_what, text) => {
    expect(read(text)).toBeUndefined();
  });

  test('is left to node:http when its head is longer than the agent takes', () => {
    const bytes = Buffer.from(`GET /v1/kv/a HTTP/1.1\r\n${HOST}\r\n`);
    expect([readPlainRequest(bytes, 100)?.target, readPlainRequest(bytes, 20)]).toEqual(['/v1/kv/a', undefined]);
  });
});

const piece = fc.constantFrom(
  ...['host', 'X', 'content-length', 'chunked', ':', ' ', '\t', '\r\n', '\n', '0', '1', 'a', 'é', '\u007f', ','],
);
const anyLine = fc.oneof(
  fc.array(piece, { maxLength: 8 }).map((pieces) => pieces.join('')),
  fc
    .tuple(
      fc.constantFrom('X-A', 'accept', 'te', 'Transfer-Encoding', 'Content-Length', 'connection', '__proto__'),
      fc.array(piece, { maxLength: 5 }),
    )
    .map(([name, value]) => `${name}: ${value.join('')}`),
);
const plainLine = fc
  .tuple(
    fc.constantFrom('X-A', 'Accept', 'user-agent'),
    fc.constantFrom('', ' ', '\t'),
    fc.constantFrom('a', 'b é', ''),
  )
  .map(([name, blank, value]) => `${name}:${blank}${value}${blank}`);
/** What a body may be, so that a reader of the wrong length would find a request in it. */
const body = fc.oneof(
  fc.constantFrom('', 'a', 'GET /v1/kv/in-a-body HTTP/1.1\r\nHost: a\r\n\r\n', '0\r\n\r\n', '\r\n\r\n', 'é'),
  fc.string({ maxLength: 20 }).map((text) => Buffer.from(text).toString('latin1')),
);
const request = fc
  .record({
    method: fc.constantFrom('GET', 'PUT', 'PUT', 'PUT', 'PUT', 'PUT', 'DELETE', 'POST'),
    target: fc.constantFrom('/v1/kv/a', '/v1/kv/a?raw', '/v1/health/service/web?passing', '/v1/catalog/register'),
    lines: fc.array(fc.oneof({ weight: 12, arbitrary: plainLine }, { weight: 1, arbitrary: anyLine }), {
      maxLength: 2,
    }),
    body,
    /** How far the length that is told is off. */
    off: fc.constantFrom(...Array<number>(12).fill(0), 1, -1),
    hostAt: fc.nat(3),
  })
  .map(({ method, target, lines, body: sent, off, hostAt }) => {
    const all = [...lines, ...(sent === '' ? [] : [`Content-Length: ${sent.length + off}`])];
    all.splice(hostAt, 0, 'Host: a');
    return `${method} ${target} HTTP/1.1\r\n${all.map((one) => `${one}\r\n`).join('')}\r\n${sent}`;
  });

interface Read {
  readonly method: string;
  readonly target: string;
  readonly headers: readonly string[];
  readonly body: string;
}

/** What the quick lane would take of a connection over which this comes. */
function taken(text: string): Read[] {
  const found: Read[] = [];
  for (let rest = text; ; ) {
    const plain = read(rest);
    if (plain === undefined) return found;
    const { method, target, headers } = plain;
    found.push({ method, target, headers, body: rest.slice(plain.bodyAt, plain.endsAt) });
    rest = rest.slice(plain.endsAt);
  }
}

describe('what the quick lane takes', () => {
  test('node:http reads in the same way, whatever came before it on the connection and comes after it', async () => {
    let seen: Read[] = [];
    const server = createServer((incoming, response) => {
      let text = '';
      incoming.setEncoding('latin1').on('data', (part: string) => (text += part));
      incoming.on('end', () => {
        const { method = '', url = '', rawHeaders } = incoming;
        const headers = rawHeaders.map((word, at) => (at % 2 === 0 ? word.toLowerCase() : word));
        seen.push({ method, target: url, headers, body: text });
        response.end();
      });
    });
    const { port } = await new Promise<{ port: number }>((resolve) =>
      server.listen(0, '127.0.0.1', () => resolve(server.address() as { port: number })),
    );
    const counts = { requests: 0, withBody: 0, second: 0 };
    await fc.assert(
      fc.asyncProperty(fc.array(request, { minLength: 1, maxLength: 3 }), async (requests) => {
        const text = requests.join('');
        const ours = taken(text);
        if (ours.length === 0) return;
        counts.requests += ours.length;
        counts.withBody += ours.filter((one) => one.body !== '').length;
        counts.second += ours.length > 1 ? 1 : 0;
        seen = [];
        await sendRaw(port, text);
        expect(seen.slice(0, ours.length)).toEqual(ours);
      }),
      { numRuns: 1_500 },
    );
    server.close();
    server.closeAllConnections();
    for (const count of Object.values(counts)) expect(count).toBeGreaterThan(100);
  });
});

/** Resolves when the server has nothing more to say. */
function sendRaw(port: number, text: string): Promise<void> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => socket.end(text, 'latin1'));
    socket.resume().on('error', () => undefined);
    socket.once('close', () => resolve());
  });
}
