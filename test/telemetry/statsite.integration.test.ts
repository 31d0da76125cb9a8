import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { createStatsite } from '../../src/telemetry/index.js';

let server: Server | undefined;
afterEach(() => server?.close());

test('figures go to a statsite as lines over TCP', async () => {
  const problems: string[] = [];
  let accept = (_socket: Socket): void => undefined;
  const connected = new Promise<Socket>((resolve) => {
    accept = resolve;
  });
  const listening = createServer(accept).listen(0, '127.0.0.1');
  server = listening;
  await new Promise((resolve) => listening.once('listening', resolve));
  const { port } = listening.address() as AddressInfo;
  const statsite = createStatsite({ address: { host: '127.0.0.1', port }, onProblem: (text) => problems.push(text) });
  statsite.send('c', 'consul.a', 1, {});
  statsite.send('g', 'consul.b', 2.5, { kind: 'x y' });
  const socket = await connected;
  const [chunk] = (await new Promise<Buffer[]>((resolve) => socket.once('data', (data) => resolve([data])))) ?? [];
  expect(chunk?.toString()).toBe('consul.a:1|c\nconsul.b.x_y:2.5|g\n');
  statsite.send('ms', 'consul.c', 3, {});
  statsite.close();
  const rest: Buffer[] = [];
  for await (const data of socket) rest.push(data as Buffer);
  expect(Buffer.concat(rest).toString()).toBe('consul.c:3|ms\n');
  expect(problems).toEqual([]);
});

test('a statsite that is not there is told of, and costs nothing else', async () => {
  const problem = new Promise<string>((resolve) => {
    const statsite = createStatsite({ address: { host: '127.0.0.1', port: 1 }, onProblem: resolve });
    statsite.send('c', 'consul.a', 1, {});
  });
  expect(await problem).toMatch(/^statsite at 127\.0\.0\.1:1: /);
});
