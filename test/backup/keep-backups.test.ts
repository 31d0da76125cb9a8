import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { backupName } from '../../src/backup/backup-name.js';
import { folderPlace } from '../../src/backup/folder-place.js';
import { type BackupState, keepBackups } from '../../src/backup/keep-backups.js';
import { ManualClock } from '../state/support/manual-clock.js';
import { smallSnapshot } from './snapshot-bytes.js';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

describe('Backups at an interval', () => {
  let folder: string;
  let clock: ManualClock;
  let whole: Buffer;
  let source: () => Promise<AsyncIterable<Uint8Array>>;
  let told: string[];
  let states: BackupState[];
  let stop: (() => Promise<void>) | undefined;
  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'backups-'));
    clock = new ManualClock();
    whole = await smallSnapshot();
    source = async () => [whole] as never;
    [told, states] = [[], []];
  });
  afterEach(async () => {
    await stop?.();
    rmSync(folder, { recursive: true });
  });

  const keep = (changes: object = {}) => {
    stop = keepBackups({
      place: folderPlace(folder),
      intervalMs: HOUR_MS,
      retain: 2,
      source: () => source(),
      clock,
      onTaken: ({ name }) => void told.push(`taken ${name}`),
      onFailure: (message, inRow) => void told.push(`failed ${inRow}: ${message}`),
      onState: (state) => void states.push(state),
      ...changes,
    });
  };
  const names = async () => (await folderPlace(folder).list()).map(({ name }) => name);
  const happened = (count: number) => vi.waitFor(() => expect(told).toHaveLength(count), 15_000);
  /** The next turn is planned once the one before has ended. */
  const planned = () => vi.waitFor(() => expect(clock.pending).toBe(1), 15_000);
  const after = async (ms: number) => {
    await planned();
    clock.advance(ms);
  };

  test('are taken at once and then every time, the newest are kept', async () => {
    const beginMs = clock.now();
    keep();
    for (let at = 1; at <= 3; at++) {
      await happened(at);
      await after(HOUR_MS);
    }
    await happened(4);
    expect(await names()).toEqual([backupName(beginMs + 2 * HOUR_MS), backupName(beginMs + 3 * HOUR_MS)]);
    expect(states.at(-1)).toMatchObject({ taken: 4, failures: 0, newest: { sizeBytes: whole.length } });
  });

  test('begin where the newest in the place says, whoever took it', async () => {
    keep();
    await happened(1);
    await stop?.();
    clock.advance(20 * MINUTE_MS);
    keep();
    await planned();
    expect([told.length, states.at(-1)?.newest?.name]).toEqual([1, (await names())[0]]);
    clock.advance(39 * MINUTE_MS);
    expect(clock.pending).toBe(1);
    clock.advance(MINUTE_MS);
    await happened(2);
  });

  test('that a clock of the future took do not keep the next one away', async () => {
    keep();
    await happened(1);
    await stop?.();
    clock.advance(-10 * 24 * HOUR_MS);
    keep();
    await happened(2);
    expect(await names()).toHaveLength(2);
  });

  test('that fail are tried again after a minute, then later, at the interval at last', async () => {
    source = () => Promise.reject(new Error('no majority'));
    keep();
    for (const [at, minutes] of [1, 2, 4, 8, 16, 32, 60, 60].entries()) {
      await happened(at + 1);
      expect(told[at]).toBe(`failed ${at + 1}: no majority`);
      await planned();
      clock.advance(minutes * MINUTE_MS - 1);
      expect(clock.pending).toBe(1);
      clock.advance(1);
    }
    await happened(9);
    expect(states.at(-1)).toMatchObject({ taken: 0, failures: 9, failure: { message: 'no majority' } });
    source = async () => [whole] as never;
    await after(HOUR_MS);
    await happened(10);
    expect(states.at(-1)?.failure).toBeUndefined();
    source = () => Promise.reject(new Error('again'));
    await after(HOUR_MS);
    await happened(11);
    expect([told.at(-1), states.at(-1)?.newest?.sizeBytes]).toEqual(['failed 1: again', whole.length]);
  });

  test('end with the one that is under way, and say nothing after', async () => {
    let go = (): void => undefined;
    source = () => new Promise((_resolve, reject) => (go = () => reject(new Error('closed'))));
    keep();
    await vi.waitFor(() => expect(go.name).toBe('go'), 15_000);
    const stopped = stop?.();
    go();
    await stopped;
    expect([told, states, clock.pending]).toEqual([[], [], 0]);
  });
});
