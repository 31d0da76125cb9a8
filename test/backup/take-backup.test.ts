import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { backupName, backupTimeMs } from '../../src/backup/backup-name.js';
import { folderPlace } from '../../src/backup/folder-place.js';
import { superfluous, takeBackup } from '../../src/backup/take-backup.js';
import { smallSnapshot } from './snapshot-bytes.js';

const DAY_MS = 86_400_000;
const AT_MS = Date.parse('2026-01-31T10:00:00Z');

async function* pieces(bytes: Buffer) {
  for (let at = 0; at < bytes.length; at += 100) yield bytes.subarray(at, at + 100);
}

describe('A backup', () => {
  let folder: string;
  let whole: Buffer;
  beforeEach(async () => {
    folder = join(mkdtempSync(join(tmpdir(), 'backup-')), 'kept');
    whole = await smallSnapshot();
  });
  afterEach(() => rmSync(join(folder, '..'), { recursive: true, force: true }));

  const take = (dayOfIt: number, retain: number, bytes = whole, place = folderPlace(folder)) =>
    takeBackup({ place, name: backupName(AT_MS + dayOfIt * DAY_MS), retain, source: async () => pieces(bytes) });

  test('is a file that only its owner can read, under the name of its time', async () => {
    const { name, meta, sizeBytes } = await take(0, 3);
    expect([name, meta.index, sizeBytes]).toEqual(['meshwright-20260131T100000000Z.snap', 7, whole.length]);
    expect(readFileSync(join(folder, name))).toEqual(whole);
    expect([statSync(join(folder, name)).mode & 0o77, statSync(folder).mode & 0o77]).toEqual([0, 0]);
    expect(readdirSync(folder)).toEqual([name]);
  });

  test('lets the oldest go beyond those that are kept, and leaves files that are not ours', async () => {
    mkdirSync(folder);
    writeFileSync(join(folder, 'by-hand.snap'), 'mine');
    for (const at of [0, 1, 2]) await take(at, 0);
    expect((await take(3, 2)).removed).toEqual([backupName(AT_MS), backupName(AT_MS + DAY_MS)]);
    expect(readdirSync(folder)).toEqual([
      'by-hand.snap',
      backupName(AT_MS + 2 * DAY_MS),
      backupName(AT_MS + 3 * DAY_MS),
    ]);
  });

  test.each([
    ['cut short', (bytes: Buffer) => bytes.subarray(0, bytes.length - 9)],
    ['damaged', (bytes: Buffer) => Buffer.from(bytes.map((byte, at) => (at === bytes.length >> 1 ? byte ^ 1 : byte)))],
    ['empty', () => Buffer.alloc(0)],
  ])('that comes %s from the server is no backup, and nothing goes for it', async (_what, spoil) => {
    await take(0, 1);
    await expect(take(1, 1, spoil(whole))).rejects.toThrow(/the snapshot|failed to decompress snapshot/);
    expect(readdirSync(folder)).toEqual([backupName(AT_MS)]);
  });

  test('that the place does not give back as it was written is removed again, and nothing goes for it', async () => {
    await take(0, 1);
    const place = folderPlace(folder);
    const forgetful = {
      ...place,
      put: async (name: string, file: Parameters<typeof place.put>[1]) => {
        await place.put(name, file);
        writeFileSync(join(folder, name), whole.subarray(1));
      },
    };
    await expect(take(1, 1, whole, forgetful)).rejects.toThrow('is not what was written');
    expect(readdirSync(folder)).toEqual([backupName(AT_MS)]);
  });

  test('is good also where the old ones cannot be removed', async () => {
    await take(0, 1);
    const place = { ...folderPlace(folder), remove: () => Promise.reject(new Error('read-only')) };
    expect(await take(1, 1, whole, place)).toMatchObject({ removed: [], removalProblem: 'read-only' });
    expect(readdirSync(folder)).toHaveLength(2);
  });

  test('takes away what a killed process left yesterday, not what another one writes now', async () => {
    mkdirSync(folder);
    for (const name of ['.meshwright-1.unfinished', '.meshwright-2.unfinished']) writeFileSync(join(folder, name), '');
    const yesterday = new Date(Date.now() - 2 * DAY_MS);
    utimesSync(join(folder, '.meshwright-1.unfinished'), yesterday, yesterday);
    const { name } = await take(0, 1);
    expect(readdirSync(folder)).toEqual(['.meshwright-2.unfinished', name]);
  });

  test('says which folder cannot be used', async () => {
    writeFileSync(folder, 'a file');
    await expect(take(0, 1)).rejects.toThrow(`the backup cannot be written to ${folder}: `);
  });
});

describe('Keeping the newest backups', () => {
  const times = fc.uniqueArray(fc.integer({ min: 0, max: 4_000_000_000_000 }), { maxLength: 12 });

  test('never takes the new one away, whatever the clock says, and keeps as many as wanted', () => {
    fc.assert(
      fc.property(times, fc.integer({ min: 1, max: 5 }), fc.nat(), (ms, retain, which) => {
        const listed = ms.map((atMs) => ({ name: backupName(atMs), atMs, sizeBytes: 1 }));
        const taken = listed[which % Math.max(1, listed.length)];
        if (!taken) return;
        const gone = superfluous(listed, taken.name, retain).map(({ name }) => name);
        expect(gone).not.toContain(taken.name);
        expect(listed.length - gone.length).toBe(Math.min(retain, listed.length));
      }),
    );
  });

  test('keeps the last large one beside them when all that are kept are small: the state was lost', () => {
    const sized = (...sizes: readonly number[]) =>
      sizes.map((sizeBytes, day) => ({
        name: backupName(AT_MS + day * DAY_MS),
        atMs: AT_MS + day * DAY_MS,
        sizeBytes,
      }));
    const goneOf = (listed: ReturnType<typeof sized>, retain: number) =>
      superfluous(listed, listed.at(-1)?.name ?? '', retain).map(({ name }) =>
        listed.findIndex((one) => one.name === name),
      );
    expect(goneOf(sized(900, 1000, 950, 10, 10, 10), 2)).toEqual([0, 1, 3]);
    expect(goneOf(sized(950, 10, 10, 10), 2)).toEqual([1]);
    // It grew again, or shrank by less: the oldest go.
    expect(goneOf(sized(950, 10, 10, 500), 2)).toEqual([0, 1]);
    expect(goneOf(sized(950, 500, 490), 2)).toEqual([0]);
  });

  test('reads the time of a backup from its name', () => {
    fc.assert(fc.property(fc.integer({ min: 0, max: 4_000_000_000_000 }), (ms) => backupTimeMs(backupName(ms)) === ms));
    expect(['x.snap', 'meshwright-20269931T100000000Z.snap', 'meshwright-1.snap'].map(backupTimeMs)).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
  });
});
