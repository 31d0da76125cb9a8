import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { loadAgentConfig } from '../../src/agent/config/index.js';
import { withKey, withPrimary } from '../../src/cluster/credentials/index.js';
import { openClusterKeys } from '../../src/server/cluster-keys.js';

const [A, B] = [1, 2].map((fill) => Buffer.alloc(32, fill).toString('base64')) as [string, string];
let dataDir: string;
let warned: string[];
beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), 'keys-'));
  warned = [];
});
afterEach(() => rmSync(dataDir, { recursive: true }));

const open = (encrypt = A) => {
  const { config } = loadAgentConfig(['-server', '-data-dir', dataDir, '-encrypt', encrypt], 'host');
  return openClusterKeys(config, (message) => warned.push(message));
};
const file = (): string => join(dataDir, 'cluster-keyring.json');

describe('the cluster keys of a server', () => {
  it('are the one of encrypt until they are changed, and what they were changed to after a restart', async () => {
    const keyring = open();
    expect(() => statSync(file())).toThrow('ENOENT');
    const ring = keyring && withPrimary(withKey(keyring.ring, B), B);
    if (ring !== undefined) await keyring?.replace(ring);
    expect(statSync(file()).mode & 0o777).toBe(0o600);
    expect(JSON.parse(readFileSync(file(), 'utf8'))).toEqual({ revision: 2, keys: [B, A] });
    expect(open()?.ring).toEqual(ring);
    expect(warned).toEqual([]);
  });

  it('are those of the file where encrypt is another, which is said', () => {
    writeFileSync(file(), JSON.stringify({ revision: 3, keys: [B] }));
    expect(open()?.ring.keys.map(({ text }) => text)).toEqual([B]);
    expect(warned).toEqual([
      `the keys in ${file()} hold, and encrypt is none of them: correct it, or remove the file to begin anew with encrypt`,
    ]);
  });

  it('that cannot be read are not made up for, and the error holds none', () => {
    for (const text of ['', '{', `{"revision":1,"keys":["${B}!"]}`]) {
      writeFileSync(file(), text);
      expect(() => open()).toThrow(`${file()} is damaged (it is not a keyring): restore it, or remove it and give`);
    }
  });
});
