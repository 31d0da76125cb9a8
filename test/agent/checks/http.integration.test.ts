import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createHttpProbe } from '../../../src/agent/checks/http.js';
import { decodeCheckDefinition } from '../../../src/model/definitions/index.js';

let server: Server;
let status = 200;
let seen: IncomingMessage | undefined;

beforeEach(async () => {
  server = createServer((request, response) => {
    seen = request;
    response.statusCode = status;
    response.end('hello');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});
afterEach(() => new Promise((resolve) => server.close(resolve)));

const url = () => `http://127.0.0.1:${(server.address() as AddressInfo).port}/health`;
const check = async (more: object = {}) => {
  const probe = createHttpProbe(
    decodeCheckDefinition({ Name: 'c', HTTP: url(), Interval: '1s', ...more }, 'api'),
    4096,
  );
  const result = await probe(new AbortController().signal);
  probe.close();
  return result;
};

describe('an HTTP check over a real connection', () => {
  test.each([
    [200, 'passing'],
    [429, 'warning'],
    [500, 'critical'],
  ])('an answer %i is %s', async (code, expected) => {
    status = code;
    expect(await check()).toMatchObject({ status: expected, output: expect.stringContaining(`${code}`) });
  });

  test('sends the headers of the definition, its Host among them', async () => {
    status = 200;
    expect(await check({ Header: { Host: ['mesh.example'], 'X-Two': ['a', 'b'] } })).toMatchObject({
      status: 'passing',
    });
    expect(seen?.headers).toMatchObject({
      host: 'mesh.example',
      'user-agent': 'Consul Health Check',
      connection: 'close',
    });
    expect(seen?.headers['x-two']).toBe('a, b');
  });
});
