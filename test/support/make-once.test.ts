import { mkdtempSync, mkdirSync, readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { makeOnce } from './make-once.js';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'make-once-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const writes =
  (text: string) =>
  (inside: string): string => {
    writeFileSync(join(inside, 'made'), text);
    return join(inside, 'made');
  };

test('what is there is not made again', () => {
  const path = join(folder, 'kept', 'thing');
  makeOnce(path, 0, writes('first'));
  makeOnce(path, 0, writes('second'));
  expect(readFileSync(path, 'utf8')).toBe('first');
  expect(readdirSync(join(folder, 'kept'))).toEqual(['thing']);
});

test('what could not be made leaves nothing behind, and can be tried again', () => {
  const path = join(folder, 'thing');
  const fails = (inside: string): string => {
    writeFileSync(join(inside, 'half'), '');
    throw new Error('the disk is full');
  };
  expect(() => makeOnce(path, 0, fails)).toThrow('the disk is full');
  expect(readdirSync(folder)).toEqual([]);
  makeOnce(path, 0, writes('whole'));
  expect(readFileSync(path, 'utf8')).toBe('whole');
});

test('what another process makes is waited for, unless that was killed long ago', () => {
  const path = join(folder, 'thing');
  mkdirSync(`${path}.lock`);
  expect(() => makeOnce(path, 100, writes('mine'))).toThrow('another process has been making thing for too long');
  const longAgo = new Date(Date.now() - 60_000);
  utimesSync(`${path}.lock`, longAgo, longAgo);
  makeOnce(path, 30_000, writes('mine'));
  expect(readFileSync(path, 'utf8')).toBe('mine');
});
