import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { httpCall, Mesh, until } from '../support/envoy-rig/index.js';
import { TcpConnection } from '../support/load/index.js';

type LogLine = Readonly<Record<string, string>>;

describe('the access log of a real Envoy says which rule refused a caller', () => {
  let mesh: Mesh;
  let file: string;

  beforeAll(async () => {
    mesh = await Mesh.start({
      // By default a log is written every ten seconds.
      envoyFlags: ['--', '--file-flush-interval-msec', '100'],
      services: [{ id: 'web', calls: ['api', 'db'] }, { id: 'api' }, { id: 'db', protocol: 'tcp' }],
    });
    file = join(mesh.rig.folder, 'access.log');
    await mesh.plane.configure({
      Kind: 'proxy-defaults',
      Name: 'global',
      AccessLogs: { Enabled: true, Type: 'file', Path: file },
    });
    await mesh.plane.settled();
    await mesh.reaches('web', 'api');
  });
  afterAll(() => mesh?.close());

  /** All Envoys write into the one file. */
  const logged = (field: string, pattern: RegExp): Promise<LogLine> =>
    until(`a log line whose ${field} is ${pattern.source}`, () => {
      const lines = existsSync(file) ? readFileSync(file, 'utf8').split('\n') : [];
      // The last line may be half written.
      const whole = lines.filter((line) => line.endsWith('}')).map((line) => JSON.parse(line) as LogLine);
      return whole.find((line) => pattern.test(line[field] ?? ''));
    });
  const status = async (path: string): Promise<number> =>
    (await httpCall({ port: mesh.port('web', 'api'), path })).status;

  it('the first permission that matches, by entry, source and position', async () => {
    const denied = (PathPrefix: string) => ({ Action: 'deny', HTTP: { PathPrefix } });
    const allowed = { Action: 'allow', HTTP: { PathPrefix: '/admin/help' } };
    const numbered = Array.from({ length: 10 }, (_, position) => denied(`/none/${position}`));
    await mesh.plane.configure({
      Kind: 'service-intentions',
      Name: 'api',
      Sources: [{ Name: 'web', Permissions: [allowed, denied('/admin'), ...numbered, denied('/')] }],
    });
    await until('the refusal', async () => (await status('/other')) === 403);
    expect(await status('/admin/help')).toBe(200);
    expect(await status('/admin/x')).toBe(403);
    // The caller's Envoy logs the same requests as answered by its upstream.
    const refused = (rule: string) => ({
      response_code: 403,
      response_code_details: `rbac_access_denied_matched_policy[consul-intentions-layer7-api/web/${rule}]`,
    });
    const [first, last] = await Promise.all([
      logged('response_code_details', /\/01\]$/),
      logged('response_code_details', /\/12\]$/),
    ]);
    expect(first).toMatchObject({ path: '/admin/x', ...refused('01') });
    expect(last).toMatchObject({ path: '/other', ...refused('12') });
  });

  it('the intention that refuses a connection', async () => {
    await mesh.plane.configure({
      Kind: 'service-intentions',
      Name: '*',
      Sources: [{ Name: 'web', Action: 'deny' }],
    });
    await until('the refusal', async () => (await TcpConnection.open(mesh.port('web', 'db'))) === undefined);
    const line = await logged('connection_termination_details', /./);
    expect(line['connection_termination_details']).toBe(
      'rbac_access_denied_matched_policy[consul-intentions-layer4-*/web]',
    );
  });
});
