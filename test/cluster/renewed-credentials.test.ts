import { X509Certificate } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { type ClusterKeys, deriveClusterSecrets, identityOf } from '../../src/cluster/credentials/index.js';
import { createEtcdCredentials, createServerCredentials, type ServerSubject } from '../../src/cluster/index.js';
import { ManualClock } from '../state/support/manual-clock.js';

const HOUR_MS = 3_600_000;
const secrets = deriveClusterSecrets(Buffer.alloc(32, 7).toString('base64'));
const keys: ClusterKeys = { all: () => [secrets], onChange: () => () => undefined };
const subject: ServerSubject = { datacenter: 'dc1', node: 's1', names: ['10.0.0.1', 'localhost'] };
const issuerOf = (pem: string): string => new X509Certificate(pem).issuer;

describe('credentials of a server', () => {
  it('say that it is a server, under the names that it is reached by', () => {
    const { certPem } = createServerCredentials(keys, subject, new ManualClock()).current();
    const certificate = new X509Certificate(certPem);
    expect(identityOf(certificate, secrets.clusterId)).toEqual({ role: 'server', datacenter: 'dc1', node: 's1' });
    for (const ip of ['127.0.0.1', '10.0.0.1', '::1']) expect(certificate.checkIP(ip)).toBe(ip);
    expect(certificate.checkHost('server.dc1.consul')).toBe('server.dc1.consul');
  });

  it('for etcd come from an authority that agents have nothing of', () => {
    const clock = new ManualClock();
    const [door, etcd] = [createServerCredentials(keys, subject, clock), createEtcdCredentials(keys, subject, clock)];
    expect(issuerOf(door.current().certPem)).toMatch(/Cluster CA/);
    expect(issuerOf(etcd.current().certPem)).toMatch(/etcd CA/);
    const authority = new X509Certificate(door.current().caPem).publicKey;
    expect(new X509Certificate(etcd.current().certPem).verify(authority)).toBe(false);
  });

  it('are replaced when half their time is over, and whoever watches is told', () => {
    const clock = new ManualClock();
    const credentials = createServerCredentials(keys, subject, clock);
    const first = credentials.current();
    let told = 0;
    const stop = credentials.onChange(() => told++);
    clock.advance(35 * HOUR_MS);
    expect(credentials.current()).toBe(first);
    clock.advance(2 * HOUR_MS);
    expect(told).toBe(1);
    expect(credentials.current().notAfterMs - first.notAfterMs).toBe(36 * HOUR_MS);
    stop();
    clock.advance(40 * HOUR_MS);
    expect(told).toBe(1);
    credentials.close();
    const last = credentials.current();
    clock.advance(40 * HOUR_MS);
    expect(credentials.current()).toBe(last);
  });
});
