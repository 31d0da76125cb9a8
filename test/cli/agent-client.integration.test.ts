import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { createAgentClient } from '../../src/cli/http/agent-client.js';

let server: Server | undefined;
afterEach(() => {
  server?.closeAllConnections();
  server?.close();
});

test('an agent that does not answer in time is given up, also while its answer comes in', async () => {
  server = createServer((request, response) => {
    if (request.url === '/begun') response.write('{');
  }).listen(0, '127.0.0.1');
  await new Promise((resolve) => server?.once('listening', resolve));
  const { port } = server.address() as AddressInfo;
  const client = createAgentClient({
    address: { type: 'tcp', host: '127.0.0.1', port, secure: false, basePath: '' },
    token: '',
    basicAuth: '',
    datacenter: '',
    namespace: '',
    partition: '',
    stale: false,
    tls: { verify: true },
  });
  for (const path of ['/silent', '/begun'])
    await expect(client.request({ path, timeoutMs: 50 })).rejects.toThrow(/no answer in time/);
});
