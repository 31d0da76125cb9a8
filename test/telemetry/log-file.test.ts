import {
  closeSync,
  fstatSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { openLogFile } from '../../src/telemetry/index.js';

const folders: string[] = [];
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true });
});
function open(given: { rotateBytes?: number; maxFiles?: number; name?: string; problems?: string[] }) {
  const folder = mkdtempSync(join(tmpdir(), 'log-'));
  folders.push(folder);
  const time = { ms: 1_000 };
  const file = openLogFile({
    path: `${folder}/${given.name ?? 'a.log'}`,
    rotateBytes: given.rotateBytes ?? 0,
    rotateAfterMs: 10_000,
    maxFiles: given.maxFiles ?? 0,
    now: () => (time.ms += 1),
    onProblem: (message) => {
      if (given.problems) given.problems.push(message);
      else expect.unreachable(message);
    },
  });
  return {
    folder,
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

  it('that cannot be begun anew harms no other file, says so once, and goes on when it can be', () => {
    const problems: string[] = [];
    const { file, folder, read } = open({ rotateBytes: 1, maxFiles: -1, problems });
    file.write('one\n');
    renameSync(join(folder, 'a.log'), join(folder, 'moved'));
    mkdirSync(join(folder, 'a.log'));
    file.write('lost\n');
    const other = openSync(join(folder, 'other'), 'a');
    file.write('lost too\n');
    expect(() => fstatSync(other)).not.toThrow();
    closeSync(other);
    expect(problems).toHaveLength(1);
    rmSync(join(folder, 'a.log'), { recursive: true });
    file.write('two\n');
    file.close();
    expect([read('moved'), read('other'), read('a.log')]).toEqual(['one\n', '', 'two\n']);
  });

  it('that somebody moved away is begun anew', () => {
    const { file, folder, read } = open({ rotateBytes: 1 });
    file.write('one\n');
    renameSync(join(folder, 'a.log'), join(folder, 'moved'));
    file.write('two\n');
    file.close();
    expect([read('moved'), read('a.log')]).toEqual(['one\n', 'two\n']);
  });
});
