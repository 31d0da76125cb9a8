import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createDockerProbe } from '../../../src/agent/checks/docker.js';
import { definitionOf, look } from './support/probe.js';

/** What a Docker engine would do with the next command. */
interface Engine {
  exitCode: number;
  output: readonly Buffer[];
  running: boolean;
  hangs: boolean;
  commands: unknown[];
}
let engine: Engine;
let server: Server;
let folder: string;

const frame = (stream: number, text: string): Buffer => {
  const header = Buffer.alloc(8);
  header[0] = stream;
  header.writeUInt32BE(Buffer.byteLength(text), 4);
  return Buffer.concat([header, Buffer.from(text)]);
};

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const body = chunks.length > 0 ? (JSON.parse(Buffer.concat(chunks).toString()) as Record<string, unknown>) : {};
  const json = (status: number, value: object): void => {
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(value));
  };
  if (request.url === '/containers/web%2F1/exec') {
    engine.commands.push(body['Cmd']);
    json(201, { Id: 'e1' });
  } else if (request.url === '/exec/e1/start') {
    if (engine.hangs) return;
    for (const chunk of engine.output) response.write(chunk);
    response.end();
  } else if (request.url === '/exec/e1/json') json(200, { Running: engine.running, ExitCode: engine.exitCode });
  else json(404, { message: `No such container: ${request.url ?? ''}` });
}

beforeEach(async () => {
  engine = { exitCode: 0, output: [frame(1, 'fine\n')], running: false, hangs: false, commands: [] };
  folder = mkdtempSync(join(tmpdir(), 'docker-'));
  server = createServer((request, response) => void answer(request, response));
  await new Promise<void>((resolve) => server.listen(join(folder, 's'), resolve));
});
afterEach(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  rmSync(folder, { recursive: true });
});

const probeOf = (more: object) =>
  createDockerProbe(
    definitionOf({ DockerContainerID: 'web/1', Args: ['/check', 'a b'], ...more }),
    4096,
    `unix://${join(folder, 's')}`,
  );

describe('a Docker check', () => {
  test.each([
    [0, 'passing'],
    [1, 'warning'],
    [126, 'critical'],
  ])('whose command ends with %i is %s', async (exitCode, status) => {
    engine.exitCode = exitCode;
    expect(await look(probeOf({}))).toEqual({ status, output: 'fine\n' });
    expect(engine.commands).toEqual([['/check', 'a b']]);
  });

  test('reads output and errors in whatever pieces they come', async () => {
    const all = Buffer.concat([frame(1, 'one\n'), frame(2, ''), frame(2, 'two\n')]);
    engine.output = [...all].map((byte) => Buffer.from([byte]));
    expect(await look(probeOf({}))).toMatchObject({ output: 'one\ntwo\n' });
  });

  test('with a shell gives it one argument as a line, several as a command', async () => {
    await look(probeOf({ Shell: '/bin/bash', Args: ['check | grep ok'] }));
    await look(probeOf({ Shell: '/bin/bash' }));
    expect(engine.commands).toEqual([
      ['/bin/bash', '-c', 'check | grep ok'],
      ['/bin/bash', '-c', '"$0" "$@"', '/check', 'a b'],
    ]);
  });

  test('is critical in the words of the engine when there is no such container', async () => {
    expect(await look(probeOf({ DockerContainerID: 'gone' }))).toMatchObject({
      status: 'critical',
      output: 'Docker check of container gone: No such container: /containers/gone/exec',
    });
  });

  test('is critical when there is no engine', async () => {
    const probe = createDockerProbe(definitionOf({ DockerContainerID: 'x', Args: ['a'] }), 4096, 'unix:///none/s');
    expect(await look(probe)).toMatchObject({ status: 'critical', output: expect.stringContaining('ENOENT') });
  });

  test('that takes too long is critical, and starts no second command while the first one runs', async () => {
    engine.hangs = true;
    engine.running = true;
    const probe = probeOf({});
    const timeout = AbortSignal.timeout(200);
    expect(await probe(timeout)).toMatchObject({ output: expect.stringContaining('context deadline exceeded') });
    expect(await probe(new AbortController().signal)).toMatchObject({
      status: 'critical',
      output: expect.stringContaining('earlier check still runs'),
    });
    expect(engine.commands).toHaveLength(1);
    engine.running = false;
    engine.hangs = false;
    expect(await look(probe)).toMatchObject({ status: 'passing' });
  });
});
