import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { freePort, httpCall, until } from '../support/envoy-rig/index.js';
import { Rig } from '../support/envoy-rig/rig.js';

const MAIN = fileURLToPath(new URL('../../dist/main.js', import.meta.url));

interface Told {
  readonly method: string | undefined;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

const rig = new Rig();
const told: Told[] = [];
const receiver = createServer((request, response) => {
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  request.on('end', () => {
    told.push({ method: request.method, headers: request.headers, body: Buffer.concat(chunks).toString() });
    response.writeHead(told.length === 2 ? 500 : 200).end('said');
  });
});
const file = (name: string): string => join(rig.folder, name);
const seen = (name: string): readonly string[] =>
  existsSync(file(name)) ? readFileSync(file(name), 'utf8').trim().split('\n').filter(Boolean) : [];
/** Appends what it reads and its index to a file. */
const appending = (name: string) => ['/bin/sh', '-c', `cat >> ${file(name)}; echo "at $CONSUL_INDEX" >> ${file(name)}`];

let http = 0;
let agent: ReturnType<Rig['start']>;
const call = (method: string, path: string, body?: string) =>
  httpCall({ port: http, path, method, ...(body === undefined ? {} : { body }) });
const configure = (watches: readonly object[]): void =>
  writeFileSync(file('agent.json'), JSON.stringify({ watches, ports: { http, grpc: -1, grpc_tls: -1, dns: -1 } }));

const key = { type: 'key', key: 'color', args: appending('color') };

beforeAll(async () => {
  if (!existsSync(MAIN)) throw new Error('there is no dist/main.js: run `npm run build` first');
  await new Promise<void>((resolve) => receiver.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(receiver.address() as AddressInfo).port}/told?x=1`;
  http = await freePort();
  configure([
    key,
    { type: 'service', service: 'web', http_handler_config: { path: url, header: { 'X-Own': ['a', 'b'] } } },
    { type: 'key', key: 'bad', args: ['/bin/sh', '-c', `echo no >&2; echo run >> ${file('bad')}; exit 3`] },
  ]);
  agent = rig.start('agent', process.execPath, [
    MAIN,
    'agent',
    '-dev',
    '-log-level=info',
    '-config-file',
    file('agent.json'),
  ]);
  await until('the first watch has run', () => Promise.resolve(seen('color').length >= 2), 20_000);
}, 60_000);
afterAll(async () => {
  receiver.close();
  await rig.close();
});

test('a script is told at once that there is nothing, and then of each change with its index', async () => {
  expect(seen('color')).toEqual(['null', expect.stringMatching(/^at \d+$/)]);
  await call('PUT', '/v1/kv/color', 'red');
  await until('the change is told', () => Promise.resolve(seen('color').length === 4), 20_000);
  const [, first = '', value = '', second = ''] = seen('color');
  expect(JSON.parse(value)).toMatchObject({ Key: 'color', Value: 'cmVk' });
  expect(Number(second.slice(3))).toBeGreaterThan(Number(first.slice(3)));
});

test('a URL is called with the data, the index and the headers, also after it has refused', async () => {
  await until('the first call', () => Promise.resolve(told.length === 1), 20_000);
  expect(told[0]).toMatchObject({
    method: 'POST',
    body: '[]',
    headers: { 'x-own': 'a, b', 'content-type': 'application/json', 'x-consul-index': expect.stringMatching(/^\d+$/) },
  });
  for (const port of [1, 2]) {
    await call('PUT', '/v1/agent/service/register', JSON.stringify({ Name: 'web', Port: port }));
    await until(`call ${port + 1}`, () => Promise.resolve(told.length === port + 1), 20_000);
  }
  expect(JSON.parse(told[2]?.body ?? '')).toMatchObject([{ Service: { Service: 'web', Port: 2 } }]);
  expect(agent.log).toContain('answered 500');
});

test('a handler that fails is named in the log with what it said, and the watch goes on', async () => {
  const before = seen('bad').length;
  await call('PUT', '/v1/kv/bad', 'x');
  await until('it runs again', () => Promise.resolve(seen('bad').length > before), 20_000);
  expect(seen('bad')).toHaveLength(before + 1);
  await until(
    'the log says so',
    () => Promise.resolve(/handler of a watch failed: exit status 3.*no/.test(agent.log)),
    20_000,
  );
});

test('a reload begins new watches, ends those that are gone, and leaves the others as they are', async () => {
  configure([key, { type: 'keyprefix', prefix: 'later/', args: appending('later') }]);
  const runs = seen('bad').length;
  await call('PUT', '/v1/agent/reload');
  await until('the new watch runs', () => Promise.resolve(seen('later')[0] === '[]'), 20_000);
  await call('PUT', '/v1/kv/bad', 'y');
  await call('PUT', '/v1/kv/color', 'green');
  await until('the old watch goes on', () => Promise.resolve(seen('color').length === 6), 20_000);
  expect(seen('bad')).toHaveLength(runs);
});

test('a wrong watch in a reload changes nothing', async () => {
  configure([{ type: 'key', args: ['x'] }]);
  expect((await call('PUT', '/v1/agent/reload')).text).toContain('watches[0]: a watch of type key needs key');
  await call('PUT', '/v1/kv/color', 'blue');
  await until('the old watch goes on', () => Promise.resolve(seen('color').length === 8), 20_000);
});

test('an agent that stops takes its handlers with it', async () => {
  configure([{ type: 'nodes', args: ['/bin/sh', '-c', `echo $$ > ${file('pid')}; exec sleep 600`] }]);
  await call('PUT', '/v1/agent/reload');
  await until('the handler runs', () => Promise.resolve(seen('pid').length === 1), 20_000);
  await call('PUT', '/v1/agent/leave');
  const isAlive = (): boolean => {
    try {
      return process.kill(Number(seen('pid')[0]), 0);
    } catch {
      return false;
    }
  };
  await until('it is gone', () => Promise.resolve(!isAlive()), 20_000);
  expect(isAlive()).toBe(false);
});
