import { mkdirSync, mkdtempSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { findings } from '../../scripts/checks/hygiene.mjs';
import { isAllowed } from '../../scripts/checks/licences.mjs';
import { isBuilt, markBuilt, sourceStamp } from '../../scripts/lib/build-stamp.mjs';
import { whyInstall } from '../../scripts/lib/installed.mjs';
import { closingLines, readReport } from '../../scripts/lib/report.mjs';
import { shellWords } from '../support/command-line.js';

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'scripts-'));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

function write(name: string, content: unknown, atSeconds?: number): string {
  const path = join(dir, name);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content));
  if (atSeconds !== undefined) utimesSync(path, atSeconds, atSeconds);
  return path;
}

describe('whether the dependencies are installed', () => {
  const lock = (version: string, more: object = {}) => ({
    packages: { '': {}, 'node_modules/a': { version }, ...more },
  });

  it('is denied without the file that npm writes last', () => {
    write('package-lock.json', lock('1.0.0'));
    write('node_modules/a/package.json', {});
    expect(whyInstall(dir)).toBe('the dependencies are not installed');
  });

  it('is granted when that file is newer than the lock file', () => {
    write('package-lock.json', lock('2.0.0'), 1000);
    write('node_modules/.package-lock.json', lock('1.0.0'), 2000);
    expect(whyInstall(dir)).toBeUndefined();
  });

  it('depends on the packages when it is older', () => {
    const optional = { 'node_modules/other-platform': { version: '1.0.0', optional: true } };
    write('node_modules/.package-lock.json', lock('1.0.0'), 1000);
    write('package-lock.json', lock('1.0.0', optional), 2000);
    expect(whyInstall(dir)).toBeUndefined();
    write('package-lock.json', lock('1.1.0'), Date.now() / 1000 + 100);
    expect(whyInstall(dir)).toBe('package-lock.json changed');
  });
});

describe('whether the sources changed since the last build', () => {
  it('is noticed when a file appears, changes or disappears, not when nothing happens', () => {
    write('src/a.ts', 'a', 1000);
    write('dist/main.js', '');
    const first = sourceStamp(dir);
    expect(isBuilt(dir, first)).toBe(false);
    markBuilt(dir, first);
    expect(isBuilt(dir, sourceStamp(dir))).toBe(true);
    const added = write('src/b.ts', 'b', 1000);
    expect(isBuilt(dir, sourceStamp(dir))).toBe(false);
    rmSync(added);
    expect(isBuilt(dir, sourceStamp(dir))).toBe(true);
    write('src/a.ts', 'c', 2000);
    expect(isBuilt(dir, sourceStamp(dir))).toBe(false);
  });

  it('is said when the build is gone', () => {
    const stamp = sourceStamp(dir);
    markBuilt(dir, stamp);
    expect(isBuilt(dir, stamp)).toBe(false);
  });
});

describe('the last lines of a test run', () => {
  const result = (status: string, meta = {}) => ({ status, fullName: `a test that ${status}`, meta });
  const report = (...files: object[]) => readReport(write('report.json', { testResults: files }));

  it('count what passed and what failed', () => {
    const counts = report({
      name: 'a.test.ts',
      status: 'failed',
      message: '',
      assertionResults: [result('passed'), result('failed')],
    });
    expect(closingLines(counts).at(-1)).toBe('1 passed, 1 failed');
    expect(closingLines(counts)[1]).toContain('a test that failed');
  });

  it('say before the last line what could not run, and why', () => {
    const skipped = result('skipped', { notRun: 'there is no Go here' });
    const counts = report({
      name: 'a.test.ts',
      status: 'passed',
      message: '',
      assertionResults: [result('passed'), skipped, skipped],
    });
    expect(closingLines(counts)).toEqual(['2 not run: there is no Go here (2)', '1 passed, 0 failed, 2 skipped']);
  });

  it('count a file that could not be loaded as a failure', () => {
    const counts = report({
      name: 'a.test.ts',
      status: 'failed',
      message: 'no such module\nmore',
      assertionResults: [],
    });
    expect(counts.failed).toBe(1);
    expect(counts.failures[0]).toMatch(/a\.test\.ts: no such module$/);
  });
});

describe('the hygiene of tracked files', () => {
  const folder = ['', 'home', 'somebody', 'project'].join('/');
  it.each([
    ['a path of one machine', 'a.ts', `read('${folder}')`],
    ['a registry host', '.npmrc', `registry=https://${['registry', 'npmjs', 'org'].join('.')}/`],
    ['a registry host', 'package-lock.json', `"${'resolved'}": "https://somewhere/a.tgz"`],
    ['a private key', 'a.ts', `-----BEGIN PRIVATE ${'KEY'}-----\n${'A'.repeat(64)}`],
    ['a cloud credential', 'a.ts', `${'AKIA'}ABCDEFGHIJKLMNOP`],
    ["someone else's .proto file", 'proto/a.proto', '// Copyright 2020 Somebody\nsyntax = "proto3";'],
  ])('finds %s in %s', (rule, path, text) => {
    expect(findings(path, `one line\n${text}`).map((found) => found.split(': ')[1])).toEqual([rule]);
  });

  it('leaves ordinary text alone', () => {
    const text =
      'import a from "./work/home.js"; // see https://example.com/home/a and /v1/kv/root/x\nconst path = `${dir}/work/a`;';
    expect(findings('src/a.ts', text)).toEqual([]);
  });
});

describe('licences', () => {
  it.each([
    ['MIT', true],
    ['(MIT OR CC0-1.0)', true],
    ['(BSD-3-Clause OR GPL-2.0)', true],
    ['MIT AND ISC', true],
    ['MIT AND GPL-3.0', false],
    ['GPL-3.0', false],
    ['BUSL-1.1', false],
    ['none stated', false],
  ])('%s: %s', (expression, allowed) => {
    expect(isAllowed(expression)).toBe(allowed);
  });
});

describe('shell words', () => {
  it.each([
    ['meshwright kv put a "b c"', ['meshwright', 'kv', 'put', 'a', 'b c']],
    ['config write -  # from stdin', ['config', 'write', '-']],
    ["a 'b \"c\"' d\\ e ''", ['a', 'b "c"', 'd e', '']],
  ])('%s', (line, words) => {
    expect(shellWords(line)).toEqual(words);
  });
});

describe('the gate', () => {
  it('calls npm test and needs nothing but a shell', () => {
    const text = readFileSync(new URL('../../.ci/run', import.meta.url), 'utf8');
    expect(text).toMatch(/^#!\/bin\/sh$/m);
    expect(text).toMatch(/^npm test/m);
  });
});
