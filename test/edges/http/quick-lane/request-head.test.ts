import { createServer, type IncomingMessage } from 'node:http';
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

describe('what the quick lane takes', () => {
  test('node:http reads in the same way', async () => {
    const seen: IncomingMessage[] = [];
    const server = createServer((incoming, response) => {
      seen.push(incoming);
      incoming.resume().on('end', () => response.end());
    });
    const piece = fc.constantFrom(
      'host',
      'X',
      'content-length',
      ':',
      ' ',
      '\t',
      '\r\n',
      '\n',
      '0',
      '1',
      'a',
      'é',
      '\u007f',
      ',',
    );
    const line = fc.oneof(
      fc.array(piece, { maxLength: 8 }).map((pieces) => pieces.join('')),
      fc
        .tuple(fc.constantFrom('X-A', 'accept', 'te', '__proto__'), fc.array(piece, { maxLength: 5 }))
        .map(([name, value]) => `${name}: ${value.join('')}`),
    );
    const lines = fc.array(line, { maxLength: 4 });
    const { port } = await new Promise<{ port: number }>((resolve) =>
      server.listen(0, '127.0.0.1', () => resolve(server.address() as { port: number })),
    );
    let taken = 0;
    await fc.assert(
      fc.asyncProperty(lines, async (headers) => {
        const text = `GET /v1/kv/a HTTP/1.1\r\nHost: a\r\n${headers.map((header) => `${header}\r\n`).join('')}\r\n`;
        const ours = read(text);
        if (ours?.endsAt !== text.length) return;
        taken += 1;
        seen.length = 0;
        await sendRaw(port, text);
        expect(
          seen.map(({ method, url, rawHeaders }) => [
            method,
            url,
            rawHeaders.map((text, at) => (at % 2 === 0 ? text.toLowerCase() : text)),
          ]),
        ).toEqual([[ours.method, ours.target, ours.headers]]);
      }),
      { numRuns: 300 },
    );
    server.close();
    server.closeAllConnections();
    expect(taken).toBeGreaterThan(5);
  });
});

/** Resolves when an answer began. */
function sendRaw(port: number, text: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () => socket.write(text, 'latin1'));
    socket.once('data', () => {
      socket.destroy();
      resolve();
    });
    socket.once('error', reject);
  });
}
