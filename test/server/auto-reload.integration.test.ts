import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeAll, expect, onTestFinished, test } from 'vitest';
import { freePort, httpCall, until } from '../support/envoy-rig/index.js';
import { Rig } from '../support/envoy-rig/rig.js';

const MAIN = fileURLToPath(new URL('../../dist/main.js', import.meta.url));

beforeAll(() => {
  if (!existsSync(MAIN)) throw new Error('there is no dist/main.js: run `npm run build` first');
});

test('a file that came into the directory of the configuration is read, and read again when it changes', async () => {
  const rig = new Rig();
  onTestFinished(() => rig.close());
  const [http, folder] = [await freePort(), join(rig.folder, 'config')];
  const write = (name: string, options: object): void => writeFileSync(join(folder, name), JSON.stringify(options));
  mkdirSync(folder);
  write('a.json', { auto_reload_config: true, ports: { http, grpc: -1, grpc_tls: -1, dns: -1 } });
  const agent = rig.start('agent', process.execPath, [MAIN, 'agent', '-dev', '-config-dir', folder]);
  const meta = async (): Promise<string | undefined> => {
    agent.assertRunning();
    const { text } = await httpCall({ port: http, path: '/v1/agent/self' });
    return (JSON.parse(text) as { Meta: Record<string, string> }).Meta['color'];
  };
  await until('the agent answers', async () => (await meta()) ?? 'none');
  write('b.json', { node_meta: { color: 'red' } });
  await until('the new file is read', async () => (await meta()) === 'red', 20_000);
  write('b.json', { node_meta: { color: 'green' } });
  await until('the changed file is read', async () => (await meta()) === 'green', 20_000);
  expect(agent.log).not.toContain('was not read again');
}, 90_000);
