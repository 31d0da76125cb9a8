import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { openLogFile } from '../../src/telemetry/index.js';

const folders: string[] = [];
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true });
});
function open(given: { rotateBytes?: number; maxFiles?: number; name?: string }) {
  const folder = mkdtempSync(join(tmpdir(), 'log-'));
  folders.push(folder);
  const time = { ms: 1_000 };
  const file = openLogFile({
    path: `${folder}/${given.name ?? 'a.log'}`,
    rotateBytes: given.rotateBytes ?? 0,
    rotateAfterMs: 10_000,
    maxFiles: given.maxFiles ?? 0,
    now: () => (time.ms += 1),
    onProblem: (message) => expect.unreachable(message),
  });
  return {
    file,
    time,
    names: () => readdirSync(folder).sort(),
    read: (name: string) => readFileSync(join(folder, name), 'utf8'),
  };
}

describe('a log file', () => {
  it('is begun anew at its size; no line is lost or cut', () => {
    const { file, names, read } = open({ rotateBytes: 20 });
    for (let line = 0; line < 6; line++) file.write(`line ${line}...\n`);
    file.close();
    expect(names().length).toBeGreaterThan(2);
    expect(names().map(read).join('').split('\n').filter(Boolean).sort()).toEqual(
      [0, 1, 2, 3, 4, 5].map((line) => `line ${line}...`),
    );
  });

  it('is begun anew after its time', () => {
    const { file, time, names, read } = open({});
    file.write('old\n');
    time.ms += 20_000;
    file.write('new\n');
    file.close();
    expect(names()).toHaveLength(2);
    expect(read('a.log')).toBe('new\n');
  });

  it.each([
    [2, 3],
    [-1, 1],
  ])('keeps of the old ones so many as it is told (%i)', (maxFiles, left) => {
    const { file, names } = open({ rotateBytes: 1, maxFiles });
    for (let line = 0; line < 9; line++) file.write(`${line}\n`);
    file.close();
    expect(names()).toHaveLength(left);
  });

  it('has a name of its own in a directory', () => {
    const { file, names } = open({ name: '' });
    file.write('x\n');
    file.close();
    expect(names()).toEqual(['meshwright.log']);
  });
});
