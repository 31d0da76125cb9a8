import { describe, expect, test } from 'vitest';
import { needsOf } from './support/session-rig.js';
import { freshStream, sidecar, warmSidecar } from './support/sidecar.js';

const HOUR_MS = 3_600_000;
const request = { spiffeId: 'spiffe://test.consul/web', dnsNames: [] };

describe('the leaf', () => {
  test('is issued when it is asked for, not before', () => {
    const rig = freshStream();
    rig.request('cluster');
    expect(rig.ca.issued).toBe(0);
    rig.request('secret', { subscribe: ['leaf'] });
    expect(rig.ca.issued).toBe(1);
    expect(rig.lines()).toEqual(['cluster local_app api', 'secret leaf']);
  });

  test('asked for twice on a stream is the same one', () => {
    const rig = warmSidecar();
    rig.request('secret', { subscribe: ['leaf'] });
    expect(rig.lines()).toEqual(['secret leaf']);
    expect(rig.ca.issued).toBe(1);
  });

  test('is renewed before it expires', () => {
    const rig = warmSidecar();
    rig.clock.advance((HOUR_MS * 2) / 3 + 1);
    rig.run();
    expect(rig.lines()).toEqual(['secret leaf']);
    expect(rig.ca.issued).toBe(2);
  });

  test('that a client claims and that is good is left alone until its renewal is due', () => {
    const rig = freshStream();
    const { version } = rig.ca.issueLeaf(request);
    rig.request('secret', { subscribe: ['leaf'], claims: { leaf: version } });
    expect(rig.lines()).toEqual([]);
    rig.clock.advance((HOUR_MS * 2) / 3 + 1);
    rig.run();
    expect(rig.lines()).toEqual(['secret leaf']);
  });

  test.each([
    ['of another identity', 'root-1|spiffe://test.consul/other|9999999999999|1'],
    ['of an issuer that is gone', 'root-0|spiffe://test.consul/web|9999999999999|1'],
    ['that has expired', 'root-1|spiffe://test.consul/web|1|1'],
    ['that is no statement', 'nonsense'],
  ])('%s is replaced when claimed', (_what, version) => {
    const rig = freshStream();
    rig.request('secret', { subscribe: ['leaf'], claims: { leaf: version } });
    expect(rig.lines()).toEqual(['secret leaf']);
  });

  test('is renewed when the CA has a new root, adopted ones too', () => {
    const rig = freshStream();
    const { version } = rig.ca.issueLeaf(request);
    rig.request('secret', { subscribe: ['leaf'], claims: { leaf: version } });
    rig.session.rootsChanged();
    rig.run();
    expect(rig.lines()).toEqual([]);
    rig.ca.issuer = 'root-2';
    rig.session.rootsChanged();
    rig.run();
    expect(rig.lines()).toEqual(['secret leaf']);
  });

  test('is renewed when the registration gives the proxy another identity', () => {
    const rig = warmSidecar();
    const needs = needsOf(sidecar);
    rig.session.needsChanged({ ...needs, identity: { ...needs.identity, spiffeId: 'spiffe://test.consul/renamed' } });
    rig.run();
    expect(rig.lines()).toEqual(['secret leaf']);
    const frame = rig.writes.at(-1)?.[0]?.frame.toString('latin1');
    expect(frame).toContain('private key 2 of spiffe://test.consul/renamed');
  });

  test('that cannot be issued now is issued later', () => {
    const rig = freshStream();
    const issue = rig.ca.issueLeaf.bind(rig.ca);
    rig.ca.issueLeaf = () => {
      throw new Error('the CA is busy');
    };
    rig.request('secret', { subscribe: ['leaf'] });
    expect(rig.lines()).toEqual([]);
    rig.ca.issueLeaf = issue;
    rig.clock.advance(5_000);
    rig.run();
    expect(rig.lines()).toEqual(['secret leaf']);
  });

  test('with a life of seconds is not renewed in a tight loop', () => {
    const rig = freshStream();
    rig.ca.ttlMs = 1;
    rig.request('secret', { subscribe: ['leaf'] });
    rig.clock.advance(10_000);
    expect(rig.ca.issued).toBeLessThanOrEqual(11);
  });

  test('goes to no plaintext connection from another host', () => {
    const rig = freshStream();
    rig.maySendSecrets = false;
    rig.request('cluster').request('secret', { subscribe: ['leaf', 'roots'] });
    expect(rig.lines()).toEqual(['cluster local_app api']);
    expect(rig.ca.issued).toBe(0);
    expect(rig.ended?.code).toBe('permissionDenied');
    expect(rig.ended?.message).toMatch(/8503.*-allow-plaintext-secrets/);
  });

  test('leaves no timer behind when the stream ends', () => {
    const rig = warmSidecar();
    expect(rig.clock.waiting).toBe(1);
    rig.session.close();
    expect(rig.clock.waiting).toBe(0);
    expect(rig.store.subscribers('resource')).toBe(0);
  });
});
