import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { unpackPackages } from './unpack-packages.js';

let folder: string;
let bin: string;
let into: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'unpack-packages-'));
  [bin, into] = [join(folder, 'bin'), join(folder, 'into')];
  mkdirSync(bin);
  vi.stubEnv('PATH', bin);
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true, force: true });
});

const script = (name: string, text: string): void =>
  writeFileSync(join(bin, name), `#!/bin/sh\n${text}\n`, { mode: 0o755 });
/** An apt-get that writes down how it is called and downloads one archive; before that it may say no. */
const fakeApt = (refusal = ''): void =>
  script('apt-get', `echo "$@" >> "${folder}/calls"\n${refusal}\n: > "${into}/archives/one.deb"`);
const calls = (): string[] => readFileSync(join(folder, 'calls'), 'utf8').trim().split('\n');
const unpacks = 'shift; echo "$1" > "$2/unpacked"';

test('packages are downloaded, unpacked and taken away', () => {
  fakeApt();
  script('dpkg-deb', unpacks);
  unpackPackages(into, ['dig', 'nft']);
  expect(calls()).toEqual([expect.stringMatching(/install --download-only .* dig nft$/)]);
  expect(readdirSync(into)).toEqual(['unpacked']);
});

test('where the lists of packages are missing or old, lists of our own are fetched', () => {
  fakeApt(`case "$*" in *Dir::State::lists=${into}/lists*) ;; *) exit 100 ;; esac`);
  script('dpkg-deb', unpacks);
  unpackPackages(into, ['dig']);
  expect(calls().map((call) => / (install|update)\b/.exec(call)?.[1])).toEqual(['install', 'update', 'install']);
  expect(existsSync(join(into, 'lists'))).toBe(false);
});

test('what apt says is handed on', () => {
  fakeApt('echo "E: Failed to fetch it  Temporary failure resolving the host" >&2; exit 100');
  expect(() => unpackPackages(into, ['dig'])).toThrow(
    'apt-get failed: Failed to fetch it  Temporary failure resolving the host',
  );
});

test('a machine without apt is told', () => {
  expect(() => unpackPackages(into, ['dig'])).toThrow('there is no apt-get here');
});
