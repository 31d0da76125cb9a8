import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { run } from './support/run.js';

const KEY = Buffer.alloc(32, 7).toString('base64');
const TOKEN = /^mwj1\.[\w-]{43}\.[\w-]{43}\n$/;

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'meshwright-join-token-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const joinToken = (...argv: readonly string[]) => run(['operator', 'join-token', ...argv], { cwd: folder });

describe('operator join-token', () => {
  test('is the same from a flag and from files, and is none of the key', async () => {
    writeFileSync(join(folder, 'a.hcl'), `datacenter = "x"\nencrypt = "${KEY}"`);
    writeFileSync(join(folder, 'b.json'), JSON.stringify({ encrypt: KEY }));
    const { code, out } = await joinToken(`-encrypt=${KEY}`);
    expect([code, TOKEN.test(out)]).toEqual([0, true]);
    for (const file of ['a.hcl', 'b.json'])
      expect(await joinToken(`-config-file=${file}`)).toEqual({ code: 0, out, err: '' });
    expect(out).not.toContain(KEY);
    const { out: json } = await joinToken(`-encrypt=${KEY}`, '-format=json');
    expect(JSON.parse(json)).toEqual({ JoinToken: out.trim(), ClusterID: expect.stringMatching(/^[0-9a-f-]{36}$/) });
  });

  test.each([
    [[], /^No cluster key: give -encrypt, or -config-file/],
    [['-encrypt=secret'], /must be 16, 24 or 32 bytes in base64; make one with "meshwright keygen"/],
    [['-config-file=none.hcl'], /open none.hcl: no such file or directory/],
  ])('is refused for %j, without repeating a key', async (argv, problem) => {
    const { code, out, err } = await joinToken(...argv);
    expect([code, out, problem.test(err), err.includes('secret')]).toEqual([1, '', true, false]);
  });
});
