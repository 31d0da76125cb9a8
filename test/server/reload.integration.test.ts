import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { connect } from 'node:tls';
import { fileURLToPath } from 'node:url';
import { beforeAll, expect, onTestFinished, test } from 'vitest';
import { freePort, httpCall, until } from '../support/envoy-rig/index.js';
import { Rig } from '../support/envoy-rig/rig.js';
import { makeCertificate } from '../support/server-certificates.js';

const MAIN = fileURLToPath(new URL('../../dist/main.js', import.meta.url));
const RELOADS = 20;

beforeAll(() => {
  if (!existsSync(MAIN)) throw new Error('there is no dist/main.js: run `npm run build` first');
});

test('reloads in the middle of other work lose no request, and the last configuration is the one that counts', async () => {
  const rig = new Rig();
  onTestFinished(() => rig.close());
  const [port, file] = [await freePort(), join(rig.folder, 'agent.json')];
  const configure = (round: number): void =>
    writeFileSync(
      file,
      JSON.stringify({
        ports: { http: port, grpc: -1, grpc_tls: -1, dns: -1 },
        node_meta: { round: String(round) },
        services: [
          { name: 'kept', port: 1, check: { ttl: '1h', status: 'passing' } },
          { name: `round-${round}`, port: 2 },
        ],
      }),
    );
  configure(0);
  const agent = rig.start('agent', process.execPath, [MAIN, 'agent', '-dev', '-log-level=warn', '-config-file', file]);
  const call = (method: string, path: string, body = '') => httpCall({ port, path, method, ...(body ? { body } : {}) });
  await until('the service of the file is there', async () => {
    agent.assertRunning();
    return (await call('GET', '/v1/agent/services')).text.includes('round-0');
  });

  let isOver = false;
  let answered = 0;
  const failures: string[] = [];
  const work = async (who: number): Promise<void> => {
    for (let at = 0; !isOver; at += 1) {
      const put = await call('PUT', `/v1/kv/load/${who}`, String(at));
      const got = await call('GET', `/v1/kv/load/${who}?raw`);
      const kept = await call('GET', '/v1/health/service/kept?passing');
      if (put.text.trim() !== 'true' || got.text !== String(at)) failures.push(`kv ${put.status} ${got.status}`);
      if (!kept.text.includes('"kept"')) failures.push(`health ${kept.status} ${kept.text}`);
      answered += 3;
    }
  };
  const workers = [1, 2, 3, 4].map(work);
  for (let round = 1; round <= RELOADS; round += 1) {
    configure(round);
    // Both ways, sometimes two at once.
    const asked = call('PUT', '/v1/agent/reload');
    if (round % 3 === 0) agent.signal('SIGHUP');
    expect((await asked).status).toBe(200);
  }
  isOver = true;
  await Promise.all(workers);

  expect(failures).toEqual([]);
  expect(answered).toBeGreaterThan(RELOADS);
  const services = JSON.parse((await call('GET', '/v1/agent/services')).text) as Record<string, unknown>;
  expect(Object.keys(services).sort()).toEqual(['kept', `round-${RELOADS}`]);
  const catalog = JSON.parse((await call('GET', '/v1/catalog/services')).text) as Record<string, unknown>;
  expect(Object.keys(catalog).sort()).toEqual(['consul', 'kept', `round-${RELOADS}`]);
  const self = JSON.parse((await call('GET', '/v1/agent/self')).text) as { Meta: object };
  expect(self.Meta).toMatchObject({ round: String(RELOADS) });
}, 90_000);

test('a reload shows the new certificate of files to who connects then, and a bad one changes nothing', async () => {
  const rig = new Rig();
  onTestFinished(() => rig.close());
  const [http, https] = [await freePort(), await freePort()];
  const [certFile, keyFile] = [join(rig.folder, 'cert.pem'), join(rig.folder, 'key.pem')];
  const show = async (name: string): Promise<void> => {
    const { certificate, key } = await makeCertificate([name]);
    writeFileSync(certFile, certificate);
    writeFileSync(keyFile, key);
  };
  await show('first.example');
  const options = {
    ports: { http, https, grpc: -1, grpc_tls: -1, dns: -1 },
    tls: { https: { cert_file: certFile, key_file: keyFile } },
  };
  const file = join(rig.folder, 'agent.json');
  writeFileSync(file, JSON.stringify(options));
  const agent = rig.start('agent', process.execPath, [MAIN, 'agent', '-dev', '-log-level=warn', '-config-file', file]);
  const reload = () => httpCall({ port: http, path: '/v1/agent/reload', method: 'PUT' });
  const shown = (): Promise<string> =>
    new Promise((resolve, reject) => {
      const socket = connect({ host: '127.0.0.1', port: https, rejectUnauthorized: false }, () => {
        resolve(socket.getPeerCertificate().subjectaltname ?? '');
        socket.destroy();
      });
      socket.on('error', reject);
    });
  await until('the agent answers', async () => {
    agent.assertRunning();
    return (await httpCall({ port: http, path: '/v1/status/leader' })).status === 200;
  });
  expect(await shown()).toBe('DNS:first.example');
  await show('second.example');
  expect(await shown()).toBe('DNS:first.example');
  expect((await reload()).status).toBe(200);
  expect(await shown()).toBe('DNS:second.example');
  writeFileSync(certFile, 'no certificate');
  const refused = await reload();
  expect(refused.status).toBeGreaterThanOrEqual(400);
  expect(refused.text).toContain('tls.https');
  expect(await shown()).toBe('DNS:second.example');
}, 60_000);
