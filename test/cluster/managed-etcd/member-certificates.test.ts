import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { MemberCertificates } from '../../../src/cluster/managed-etcd/member-certificates.js';

const pem = (text: string): string => `-----BEGIN CERTIFICATE-----\n${text}\n-----END CERTIFICATE-----\n`;

function temporary(): string {
  const folder = mkdtempSync(join(tmpdir(), 'meshwright-member-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return join(folder, 'tls');
}

it('the certificates of a member are in files for nobody else, and in the hands of its clients', () => {
  const folder = temporary();
  const certificates = new MemberCertificates(folder, 'server.dc1.consul', {
    caPem: pem('ca'),
    certPem: pem('one'),
    keyPem: 'key one',
  });
  certificates.write();
  expect(readdirSync(folder).sort()).toEqual(['ca.pem', 'member-key.pem', 'member.pem']);
  expect(readFileSync(join(folder, 'member-key.pem'), 'utf8')).toBe('key one');
  expect(statSync(join(folder, 'member-key.pem')).mode & 0o077).toBe(0);
  expect(certificates.tls).toEqual({
    ca: Buffer.from(pem('ca')),
    cert: Buffer.from(pem('one')),
    key: Buffer.from('key one'),
    serverName: 'server.dc1.consul',
  });
});

it('newer ones tell whether others are trusted now; in which order they stand says nothing', () => {
  const folder = temporary();
  const own = { certPem: pem('one'), keyPem: 'key' };
  const certificates = new MemberCertificates(folder, '', { ...own, caPem: pem('a') + pem('b') });
  expect(certificates.replace({ ...own, caPem: pem('b') + pem('a') })).toBe(false);
  expect(certificates.replace({ ...own, caPem: pem('b') })).toBe(true);
  expect(readFileSync(join(folder, 'ca.pem'), 'utf8')).toBe(pem('b'));
});
