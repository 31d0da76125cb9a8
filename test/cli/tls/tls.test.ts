import { X509Certificate, createPrivateKey } from 'node:crypto';
import { mkdtempSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { run } from '../support/run.js';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'meshwright-tls-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const tls = (...argv: readonly string[]) => run(['tls', ...argv], { cwd: folder });
const certificate = (name: string) => new X509Certificate(readFileSync(join(folder, name)));
const key = (name: string) => createPrivateKey(readFileSync(join(folder, name)));

describe('tls ca create', () => {
  test('makes an authority whose key only its owner may read', async () => {
    expect(await tls('ca', 'create', '-days', '10')).toEqual({
      code: 0,
      out: '==> Saved consul-agent-ca.pem\n==> Saved consul-agent-ca-key.pem\n',
      err: '',
    });
    const ca = certificate('consul-agent-ca.pem');
    expect(ca.ca).toBe(true);
    expect(ca.subject).toMatch(/^CN=Consul Agent CA \d+$/);
    expect(ca.verify(ca.publicKey)).toBe(true);
    expect(ca.checkPrivateKey(key('consul-agent-ca-key.pem'))).toBe(true);
    expect(Math.round((Date.parse(ca.validTo) - Date.now()) / 86_400_000)).toBe(10);
    expect(statSync(join(folder, 'consul-agent-ca-key.pem')).mode & 0o777).toBe(0o600);
    const again = await tls('ca', 'create');
    expect([again.code, again.err]).toEqual([1, expect.stringContaining('consul-agent-ca.pem already exists')]);
  });

  test('can name itself, its cluster and what it may sign for', async () => {
    const id = 'aaaaaaaa-1111-4222-8333-444444444444';
    const argv = ['-domain=mesh.example', '-common-name=Mine', `-cluster-id=${id}`, '-name-constraint'];
    expect((await tls('ca', 'create', ...argv, '-additional-name-constraint=other.example')).code).toBe(0);
    const ca = certificate('mesh.example-agent-ca.pem');
    expect([ca.subject, ca.subjectAltName]).toEqual(['CN=Mine', `URI:spiffe://${id}.consul`]);
    // The names stand in its bytes as they are.
    for (const name of ['other.example', 'mesh.example', 'localhost']) expect(ca.raw.includes(name)).toBe(true);
  });

  test.each([
    [['-days=0'], /-days flag must be 1 or more/],
    [['-days=10000000'], /-days flag must be 365000 or less/],
    [['-cluster-id=x'], /UUID/],
    [['-domain=a/b'], /not a domain name/],
    [['-additional-name-constraint=a.example'], /-name-constraint/],
  ])('refuses %j', async (argv, problem) => {
    const { code, err } = await tls('ca', 'create', ...argv);
    expect([code, problem.test(err)]).toEqual([1, true]);
  });
});

describe('tls cert create', () => {
  test('makes certificates that the authority has signed, with a number for each', async () => {
    await tls('ca', 'create');
    const first = await tls('cert', 'create', '-server', '-node=n1', '-additional-ipaddress=10.0.0.9');
    expect(first.out).toContain('==> Saved dc1-server-consul-0.pem\n==> Saved dc1-server-consul-0-key.pem\n');
    expect((await tls('cert', 'create', '-server')).out).toContain('dc1-server-consul-1.pem');
    const ca = certificate('consul-agent-ca.pem');
    const server = certificate('dc1-server-consul-0.pem');
    expect(server.verify(ca.publicKey)).toBe(true);
    expect(server.checkIssued(ca)).toBe(true);
    expect(server.checkPrivateKey(key('dc1-server-consul-0-key.pem'))).toBe(true);
    expect(server.subjectAltName).toBe(
      'DNS:server.dc1.consul, DNS:n1.server.dc1.consul, DNS:localhost, IP Address:10.0.0.9, IP Address:127.0.0.1',
    );
    expect(server.ca).toBe(false);
    expect(server.keyUsage).toEqual(['1.3.6.1.5.5.7.3.1', '1.3.6.1.5.5.7.3.2']);
  });

  test('knows clients and the command line', async () => {
    await tls('ca', 'create');
    expect((await tls('cert', 'create', '-client', '-dc=eu')).code).toBe(0);
    expect(certificate('eu-client-consul-0.pem').subject).toBe('CN=client.eu.consul');
    expect((await tls('cert', 'create', '-cli')).code).toBe(0);
    expect(certificate('dc1-cli-consul-0.pem').subjectAltName).toBe('DNS:cli.dc1.consul, DNS:localhost');
  });

  test.each([
    [[], /exactly one of/],
    [['-server', '-client'], /exactly one of/],
    [['-client', '-node=x'], /-node requires -server/],
    [['-server'], /Error reading CA: open consul-agent-ca.pem: no such file/],
    [['-server', '-additional-ipaddress=x'], /not an IP address/],
    [['-server', '-dc=a b'], /not a host name/],
    [['-server', '-days=10000000'], /-days flag must be 365000 or less/],
    [['-server', '-ca=junk', '-key=junk'], /holds no certificate in PEM/],
    [['-server', '-ca=good.pem', '-key=junk'], /holds no private key in PEM/],
  ])('refuses %j', async (argv, problem) => {
    if (argv.includes('-ca=good.pem')) {
      await tls('ca', 'create');
      renameSync(join(folder, 'consul-agent-ca.pem'), join(folder, 'good.pem'));
    }
    writeFileSync(join(folder, 'junk'), 'junk');
    const { code, err } = await tls('cert', 'create', ...argv);
    expect([code, problem.test(err)]).toEqual([1, true]);
  });
});
