import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { MemberFolder } from '../../../src/cluster/managed-etcd/member-folder.js';
import { decodeIntroduction, encodeIntroduction } from '../../../src/cluster/managed-etcd/introduction.js';
import type { Introduction } from '../../../src/cluster/managed-etcd/forming.js';

function temporary(): string {
  const folder = mkdtempSync(join(tmpdir(), 'meshwright-member-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

const plan = { attempt: 'x', founders: [{ id: 'a', peerUrl: 'https://10.0.0.1:2380' }] };

describe('what a server remembers of its member', () => {
  it('is the same after a restart', () => {
    const folder = temporary();
    const record = {
      promise: { coordinator: 'a', attempt: 'x' },
      decided: plan,
      hasRun: true,
      clientUrls: ['https://10.0.0.2:2379'],
    };
    new MemberFolder(folder).write(record);
    expect(new MemberFolder(folder).record).toEqual(record);
  });

  it('is nothing at first, and after it was told to forget', () => {
    const folder = temporary();
    const member = new MemberFolder(folder);
    expect(member.record).toEqual({ hasRun: false, clientUrls: [] });
    mkdirSync(join(member.dataPath, 'member', 'wal'), { recursive: true });
    member.write({ decided: plan, hasRun: true, clientUrls: [] });
    expect(member.hasData).toBe(true);
    member.forget();
    expect(member.hasData).toBe(false);
    expect(new MemberFolder(folder).record).toEqual({ hasRun: false, clientUrls: [] });
  });

  it('is refused when it is damaged, with what to do', () => {
    const folder = temporary();
    for (const text of ['{', '{"decided":{"attempt":1}}', '{"promise":{}}', 'null']) {
      writeFileSync(join(folder, 'member.json'), text);
      expect(() => new MemberFolder(folder)).toThrow(/member\.json is not readable: .*remove the folder/);
    }
  });
});

describe('an introduction', () => {
  const introduction: Introduction = {
    id: 'a',
    node: 'node-a',
    datacenter: 'dc1',
    address: '10.0.0.1:8300',
    peerUrl: 'https://10.0.0.1:2380',
    clientUrl: 'https://10.0.0.1:2379',
    expect: 3,
    joined: ['a', null],
    proposal: plan,
    promise: { coordinator: 'b', attempt: 'y' },
    decided: plan,
    running: true,
  };

  it('arrives as it was sent', () => {
    expect(decodeIntroduction(encodeIntroduction(introduction))).toEqual(introduction);
    const running = { ...introduction, running: true, cluster: '7' };
    expect(decodeIntroduction(encodeIntroduction(running))).toEqual(running);
  });

  it('is refused when it is something else', () => {
    for (const text of [
      '',
      'null',
      '{}',
      '[]',
      JSON.stringify({ ...introduction, joined: [1] }),
      '{"joined":[],"expect":1}',
    ])
      expect(() => decodeIntroduction(Buffer.from(text))).toThrow(/a way that this version does not know/);
  });
});
