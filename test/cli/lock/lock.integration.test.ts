import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { freePort, httpCall, until } from '../../support/envoy-rig/index.js';
import { Rig } from '../../support/envoy-rig/rig.js';
import type { RigProcess } from '../../support/envoy-rig/rig-process.js';

const MAIN = fileURLToPath(new URL('../../../dist/main.js', import.meta.url));
const LOCK_FLAGS = '3304740253564472344';
const SEMAPHORE_FLAGS = '16210313421097356768';

let rig: Rig;
let port: number;
let count = 0;
let prefix: string;

beforeAll(async () => {
  rig = new Rig();
  port = await freePort();
  const doors = ['-http-port', port, '-grpc-port', -1, '-grpc-tls-port', -1, '-dns-port', -1].map(String);
  rig.start('the agent', process.execPath, [MAIN, 'agent', '-dev', '-node', 'n1', ...doors]);
  await until(
    'the agent answers',
    async () =>
      (await http('GET /v1/catalog/node/n1')).text.includes('serfHealth') ||
      (await http('GET /v1/health/node/n1')).text.includes('serfHealth'),
  );
});
afterAll(() => rig.close());
beforeEach(() => {
  prefix = `p${(count += 1)}`;
});

async function http(line: string, body?: string) {
  const [method = 'GET', path = '/'] = line.split(' ');
  return httpCall({ port, method, path, ...(body === undefined ? {} : { body }) });
}
const lock = (...args: readonly string[]): RigProcess =>
  rig.start('lock', process.execPath, [MAIN, 'lock', ...args], { CONSUL_HTTP_ADDR: `127.0.0.1:${port}` });
const file = (name: string) => join(rig.folder, `${prefix}-${name}`);
const entry = async (key: string) => {
  const answer = await http(`GET /v1/kv/${key}`);
  return answer.status === 200 ? (JSON.parse(answer.text) as Record<string, unknown>[])[0] : undefined;
};
const ended = (running: RigProcess) => until('the command ends', () => !running.isRunning);
const codeOf = async (running: RigProcess): Promise<string> => {
  await ended(running);
  try {
    running.assertRunning();
  } catch (thrown) {
    return /\(([^)]*)\)/.exec((thrown as Error).message)?.[1] ?? '';
  }
  return '';
};
const holding = (key: string) =>
  until(`${key} is held`, async () => (await entry(key))?.['Session'] !== undefined && entry(key));
const sessions = async () =>
  (JSON.parse((await http('GET /v1/session/list')).text) as { Name: string }[]).map(({ Name }) => Name);

describe('lock', () => {
  test('runs a command while it holds the lock, and leaves nothing behind', async () => {
    const running = lock(
      '-name=job',
      prefix,
      `echo held=$CONSUL_LOCK_HELD > ${file('out')}; while [ ! -e ${file('go')} ]; do sleep 0.05; done`,
    );
    const held = await holding(`${prefix}/.lock`);
    expect(held).toMatchObject({ LockIndex: 1 });
    expect((await http(`GET /v1/kv/${prefix}/.lock`)).text.replaceAll(/\s/g, '')).toContain(`"Flags":${LOCK_FLAGS}`);
    expect(await sessions()).toContain('job');
    const second = lock('-try=300ms', prefix, `touch ${file('second')}`);
    expect(await codeOf(second)).toBe('exit code 1');
    expect(second.log).toContain('Lock acquisition failed');
    lock('true', 'touch', file('go'));
    expect(await codeOf(running)).toBe('exit code 0');
    expect(readFileSync(file('out'), 'utf8')).toBe('held=true\n');
    expect([existsSync(file('second')), await entry(`${prefix}/.lock`), await sessions()]).toEqual([
      false,
      undefined,
      [],
    ]);
  });

  test('waits for its turn', async () => {
    const script = `echo in >> ${file('log')}; sleep 0.3; echo out >> ${file('log')}`;
    const all = [lock(prefix, script), lock(prefix, script), lock('-shell=false', prefix, '/bin/sh', '-c', script)];
    for (const one of all) expect(await codeOf(one)).toBe('exit code 0');
    expect(readFileSync(file('log'), 'utf8')).toBe('in\nout\n'.repeat(3));
  });

  test('ends the command when the lock is lost', async () => {
    const running = lock(prefix, `trap 'echo ended > ${file('out')}; exit 0' TERM; while :; do sleep 0.05; done`);
    const held = await holding(`${prefix}/.lock`);
    await http(`PUT /v1/session/destroy/${String(held['Session'])}`);
    expect(await codeOf(running)).toBe('exit code 1');
    expect(readFileSync(file('out'), 'utf8')).toBe('ended\n');
    expect(running.log).toContain('Lock lost');
  });

  test('hands signals to the command', async () => {
    const running = lock(
      prefix,
      `trap 'echo int > ${file('out')}; exit 3' INT; touch ${file('up')}; while :; do sleep 0.05; done`,
    );
    await until('the command runs', () => existsSync(file('up')));
    process.kill(running.pid, 'SIGINT');
    expect(await codeOf(running)).toBe('exit code 0');
    expect(readFileSync(file('out'), 'utf8')).toBe('int\n');
    expect(await entry(`${prefix}/.lock`)).toBeUndefined();
  });

  test('is interrupted while it waits', async () => {
    const first = lock(prefix, `while [ ! -e ${file('go')} ]; do sleep 0.05; done`);
    await holding(`${prefix}/.lock`);
    const second = lock('-verbose', prefix, 'true');
    await until('the second waits', () => second.log.includes('Attempting lock acquisition'));
    process.kill(second.pid, 'SIGTERM');
    expect(await codeOf(second)).toBe('exit code 1');
    expect(second.log).toContain('interrupted');
    lock('other', 'touch', file('go'));
    expect(await codeOf(first)).toBe('exit code 0');
  });

  test('says with -child-exit-code that the command failed', async () => {
    expect(await codeOf(lock(prefix, 'exit 7'))).toBe('exit code 0');
    expect(await codeOf(lock('-child-exit-code', prefix, 'exit 7'))).toBe('exit code 2');
    expect(await codeOf(lock('-child-exit-code', prefix, 'exit 0'))).toBe('exit code 0');
    expect(await codeOf(lock('-shell=false', prefix, '/no/such/program'))).toBe('exit code 1');
    expect(await entry(`${prefix}/.lock`)).toBeUndefined();
  });

  test('refuses a key that is something else', async () => {
    await http(`PUT /v1/kv/${prefix}/.lock?flags=7`, 'x');
    const running = lock(prefix, 'true');
    expect(await codeOf(running)).toBe('exit code 1');
    expect(running.log).toContain('is not a lock');
  });
});

describe('lock -n', () => {
  test('lets as many in as there are places, in the form of the official client', async () => {
    const script = `while [ ! -e ${file('go')} ]; do sleep 0.05; done`;
    const two = [lock('-n=2', prefix, script), lock('-n=2', prefix, script)];
    const state = async () =>
      JSON.parse(
        Buffer.from(String((await entry(`${prefix}/.lock`))?.['Value'] ?? ''), 'base64').toString() || '{}',
      ) as { Limit?: number; Holders?: Record<string, boolean> };
    await until('both hold it', async () => Object.keys((await state()).Holders ?? {}).length === 2);
    const { Limit, Holders = {} } = await state();
    expect([Limit, Object.values(Holders)]).toEqual([2, [true, true]]);
    expect((await http(`GET /v1/kv/${prefix}/.lock`)).text.replaceAll(/\s/g, '')).toContain(
      `"Flags":${SEMAPHORE_FLAGS}`,
    );
    for (const holder of Object.keys(Holders)) expect((await entry(`${prefix}/${holder}`))?.['Session']).toBe(holder);
    const third = lock('-n=2', '-try=300ms', prefix, `touch ${file('third')}`);
    expect(await codeOf(third)).toBe('exit code 1');
    const other = lock('-n=3', prefix, 'true');
    expect(await codeOf(other)).toBe('exit code 1');
    expect(other.log).toContain('has 2 places, not 3');
    lock('other', 'touch', file('go'));
    for (const one of two) expect(await codeOf(one)).toBe('exit code 0');
    expect(existsSync(file('third'))).toBe(false);
    expect((await http(`GET /v1/kv/${prefix}/?keys`)).status).toBe(404);
  });

  test('takes the place of a holder that is gone', async () => {
    await http(
      `PUT /v1/kv/${prefix}/.lock?flags=${SEMAPHORE_FLAGS}`,
      JSON.stringify({ Limit: 2, Holders: { gone: true, away: true } }),
    );
    expect(await codeOf(lock('-n=2', prefix, 'true'))).toBe('exit code 0');
  });
});
