import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { spawn } from 'node:child_process';
import { expect, it, onTestFinished } from 'vitest';
import { freePort, httpCall, pause, until } from '../support/envoy-rig/index.js';

const MAIN = fileURLToPath(new URL('../../dist/main.js', import.meta.url));

it('a server waits for an etcd that is not there yet, and says so to those who ask', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'meshwright-absent-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const state = `state { backend = "etcd" etcd { endpoints = ["http://127.0.0.1:${await freePort()}"] } }`;
  const port = await freePort();
  const args = ['agent', '-server', '-data-dir', folder, '-http-port', String(port), '-hcl', state];
  const server = spawn(process.execPath, [MAIN, ...args]);
  onTestFinished(() => void server.kill('SIGKILL'));
  const ask = (path: string) => httpCall({ port, path });
  const leader = await until('an open door', () => ask('/v1/status/leader'));
  expect([leader.status, leader.text]).toEqual([200, '""']);
  const refused = await ask('/v1/kv/greeting');
  expect([refused.status, refused.text]).toEqual([500, 'No cluster leader: the state is being opened']);
  // Without anything that keeps the process it ended at its first pause, a third of a second later.
  await pause(1500);
  expect(server.exitCode).toBeNull();
});
