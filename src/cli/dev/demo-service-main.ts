import { Agent, createServer, get, type IncomingMessage, type ServerResponse } from 'node:http';
import type { DemoAnswer, DemoCall } from './demo-answer.js';
import type { DemoInstance } from './demo-mesh.js';

/** A tiny HTTP service: it says who it is, calls its upstreams with the same path, and shows what they said. */

const CALL_TIMEOUT_MS = 3000;
const me = JSON.parse(process.argv[2] ?? '{}') as DemoInstance;
const connections = new Agent({ keepAlive: true, maxSockets: 32 });

const server = createServer((request, response) => void answer(request, response));

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  if (request.url === '/health') {
    response.end('ok\n');
    return;
  }
  const calls = await Promise.all(me.upstreams.map((upstream) => call(upstream, request)));
  const said: DemoAnswer = {
    service: me.service,
    instance: me.instance,
    version: me.version,
    path: request.url ?? '/',
    calls,
  };
  response.setHeader('content-type', 'application/json');
  response.end(`${JSON.stringify(said)}\n`);
}
server.keepAliveTimeout = 600_000;
server.listen(me.port, '127.0.0.1');
for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => process.exit(0));

function call(upstream: DemoInstance['upstreams'][number], incoming: IncomingMessage): Promise<DemoCall> {
  const startedAt = performance.now();
  return new Promise((resolve) => {
    const finish = (outcome: Partial<DemoCall>) =>
      resolve({ to: upstream.service, status: 0, ms: performance.now() - startedAt, ...outcome });
    const options = {
      host: '127.0.0.1',
      port: upstream.port,
      path: incoming.url ?? '/',
      agent: connections,
      headers: passedOn(incoming),
      timeout: CALL_TIMEOUT_MS,
    };
    const outgoing = get(options, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', (error) => finish({ error: error.message }));
      response.on('end', () => finish(read(response.statusCode ?? 0, Buffer.concat(chunks).toString())));
    });
    outgoing.on('timeout', () => outgoing.destroy(new Error('no answer in time')));
    outgoing.on('error', (error: NodeJS.ErrnoException) => finish({ error: error.code ?? error.message }));
  });
}

/** Headers of the caller's own making travel on, so that routes and permissions can be tried out with curl. */
function passedOn(incoming: IncomingMessage): Record<string, string> {
  const own = Object.entries(incoming.headers).filter(
    ([name]) =>
      name.startsWith('x-') &&
      !name.startsWith('x-envoy-') &&
      !['x-request-id', 'x-forwarded-proto', 'x-forwarded-client-cert'].includes(name),
  );
  return Object.fromEntries(own.map(([name, value]) => [name, String(value)]));
}

function read(status: number, body: string): Partial<DemoCall> {
  if (status !== 200) return { status, error: body.trim().slice(0, 200) };
  try {
    return { status, answer: JSON.parse(body) as DemoAnswer };
  } catch {
    return { status, error: 'the answer is not of the demo' };
  }
}
