import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { ProxyRecords } from '../../../src/client-agent/xds/proxy-records.js';
import { ManualClock } from '../../agent/support/manual-clock.js';

const CDS = 'type.googleapis.com/envoy.config.cluster.v3.Cluster';
const SDS = 'type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.Secret';
const folders: string[] = [];
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true });
});

function rig() {
  const dataDir = mkdtempSync(join(tmpdir(), 'records-'));
  folders.push(dataDir);
  const clock = new ManualClock();
  const warnings: string[] = [];
  const open = () => new ProxyRecords({ clock, dataDir, warn: (message) => void warnings.push(message) });
  const files = () => {
    const folder = join(dataDir, 'proxies');
    return readdirSync(folder).map((name) => readFileSync(join(folder, name), 'utf8'));
  };
  return { open, clock, files, warnings, dataDir };
}

const resource = (name: string, text: string) => ({ name, version: 'v1', bytes: Buffer.from(text) });

describe('what proxies have accepted', () => {
  it('is there after a restart', async () => {
    const { open, clock } = rig();
    const records = open();
    const record = records.of('delta web');
    record.accept(CDS, [resource('api', 'cluster')], []);
    record.accept(CDS, [], ['gone']);
    record.acceptWhole(CDS, Buffer.from('whole'));
    records.changed(record);
    await clock.advance(1_000);
    await records.close();
    const again = open().of('delta web');
    expect(again.resources(CDS)?.get('api')).toEqual(resource('api', 'cluster'));
    expect(again.response(CDS)?.toString()).toBe('whole');
  });

  it('never stands on the disk with a private key, whatever it is in', async () => {
    const { open, files } = rig();
    const records = open();
    const record = records.of('delta web');
    const key = '-----BEGIN EC PRIVATE KEY-----';
    record.accept(
      SDS,
      [resource('leaf', key), resource('leaf:gw', 'x'), resource('roots', 'public'), resource('roots:p', 'peer')],
      [],
    );
    record.accept(CDS, [resource('inline', `cluster with ${key}`), resource('api', 'cluster')], []);
    record.acceptWhole(SDS, Buffer.from('all secrets'));
    record.acceptWhole(CDS, Buffer.from(key));
    records.changed(record);
    await records.close();
    expect(files().join('')).not.toMatch(/leaf|inline/);
    const again = open().of('delta web');
    expect([...(again.resources(SDS)?.keys() ?? [])]).toEqual(['roots', 'roots:p']);
    expect([...(again.resources(CDS)?.keys() ?? [])]).toEqual(['api']);
    expect([again.response(SDS), again.response(CDS)]).toEqual([undefined, undefined]);
    expect(records.of('delta web').resources(SDS)?.has('leaf')).toBe(true);
  });

  it('is forgotten after three days without the proxy', async () => {
    const { open, clock, files } = rig();
    const records = open();
    const record = records.of('delta web');
    record.accept(CDS, [resource('api', 'cluster')], []);
    records.changed(record);
    await records.close();
    await clock.advance(73 * 60 * 60_000);
    expect(open().of('delta web').resources(CDS)).toBeUndefined();
    expect(files()).toEqual([]);
  });

  it('is set aside when a file is damaged', async () => {
    const { open, dataDir, warnings } = rig();
    open();
    const { writeFileSync } = await import('node:fs');
    writeFileSync(join(dataDir, 'proxies', 'x.json'), '{"id":1');
    open();
    expect(warnings[0]).toMatch(/is damaged/);
  });
});
