import { cpSync, readFileSync, readdirSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { AppError } from '../../../src/core/index.js';
import { type Backend, type StoredRecord } from '../../../src/state/index.js';
import { createEmbeddedBackend } from '../../../src/state/backend/embedded/index.js';
import { temporaryFolder } from '../support/engines.js';
import { seededRandom } from '../support/seeded-random.js';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { afterAll } from 'vitest';

const VALUE_PADDING = 'x'.repeat(300);

async function put(backend: Backend, key: string, number: number): Promise<void> {
  const value = JSON.stringify({ v: 1, number, VALUE_PADDING });
  await backend.commit({ conditions: [], operations: [{ type: 'put', table: 'kv', key, value }] });
}

/** A directory with several table files and a log, as after some restarts and a kill. */
async function makeData(path: string): Promise<readonly StoredRecord[]> {
  for (let start = 0; start < 3; start += 1) {
    const backend = createEmbeddedBackend({ path, commitsPerCheckpoint: 120 });
    await backend.open();
    for (let at = 0; at < 100; at += 1) await put(backend, `key-${(start * 60 + at) % 200}`, start);
    if (start === 2) {
      const { records } = await backend.list();
      await backend.close();
      return records;
    }
    await backend.close();
  }
  throw new Error('not reached');
}

const byKey = (records: readonly StoredRecord[]): StoredRecord[] =>
  [...records].sort((left, right) => (left.key < right.key ? -1 : 1));

describe('damaged files', () => {
  const root = mkdtempSync(join(tmpdir(), 'meshwright-damage-'));
  const original = join(root, 'original');
  let records: readonly StoredRecord[];

  beforeAll(async () => {
    records = byKey(await makeData(original));
  });
  afterAll(() => rmSync(root, { recursive: true, force: true }));

  /** Opens a copy after `damage`; the data must be complete, or the start refused with the folder named. Never anything else. */
  async function outcomeOf(damage: (path: string) => void): Promise<'recovered' | 'refused'> {
    const path = join(temporaryFolder(), 'copy');
    cpSync(original, path, { recursive: true });
    damage(path);
    const backend = createEmbeddedBackend({ path });
    try {
      await backend.open();
    } catch (thrown) {
      expect(thrown).toBeInstanceOf(AppError);
      expect((thrown as AppError).message).toContain(path);
      expect((thrown as AppError).code).toBe('corruptState');
      return 'refused';
    }
    expect(byKey((await backend.list()).records)).toEqual(records);
    await put(backend, 'after', 1);
    await backend.close();
    return 'recovered';
  }

  const dataFiles = (): string[] =>
    readdirSync(join(original, 'level')).filter(
      (name) => /\.(ldb|log)$|^MANIFEST/.test(name) && statSync(join(original, 'level', name)).size > 0,
    );

  it('are not there to begin with', async () => {
    expect(await outcomeOf(() => undefined)).toBe('recovered');
    expect(dataFiles().length).toBeGreaterThanOrEqual(3);
  });

  it('with one flipped bit are noticed wherever it is', async () => {
    const random = seededRandom(42);
    const outcomes = new Map<string, Set<string>>();
    for (const name of [...dataFiles().map((file) => join('level', file)), 'tip']) {
      for (let round = 0; round < 6; round += 1) {
        const outcome = await outcomeOf((path) => {
          const file = join(path, name);
          const bytes = readFileSync(file);
          const at = Math.floor(random() * bytes.length);
          bytes[at] = (bytes[at] as number) ^ (1 << Math.floor(random() * 8));
          writeFileSync(file, bytes);
        });
        outcomes.set(name, (outcomes.get(name) ?? new Set()).add(outcome));
      }
    }
    expect([...outcomes.values()].some((seen) => seen.has('refused'))).toBe(true);
    expect([...(outcomes.get('tip') ?? [])]).toEqual(['recovered']);
  });

  it('with a zeroed page are noticed', async () => {
    const outcomes: string[] = [];
    for (const name of dataFiles()) {
      const { size } = statSync(join(original, 'level', name));
      for (const at of [0, Math.max(0, Math.floor(size / 2)), Math.max(0, size - 4096)])
        outcomes.push(
          await outcomeOf((path) => {
            const bytes = readFileSync(join(path, 'level', name));
            bytes.fill(0, at, Math.min(bytes.length, at + 4096));
            writeFileSync(join(path, 'level', name), bytes);
          }),
        );
    }
    expect(outcomes).toContain('refused');
  });

  it('that were cut short are noticed, the newest commits included', async () => {
    for (const name of dataFiles().filter((file) => !file.startsWith('MANIFEST'))) {
      const { size } = statSync(join(original, 'level', name));
      for (const length of [0, Math.floor(size / 2), size - 1])
        expect(
          await outcomeOf((path) => truncateSync(join(path, 'level', name), length)),
          `${name} cut to ${length}`,
        ).toBe('refused');
    }
  });

  it('that were put back from an older copy are noticed', async () => {
    const older = join(temporaryFolder(), 'older');
    cpSync(original, older, { recursive: true });
    const backend = createEmbeddedBackend({ path: older });
    await backend.open();
    await put(backend, 'newer', 1);
    await backend.close();
    expect(await outcomeOf((path) => cpSync(join(older, 'tip'), join(path, 'tip')))).toBe('refused');
  });
});
