import { cpSync, mkdtempSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createEmbeddedBackend } from '../../../src/state/backend/embedded/index.js';
import type { StoredRecord } from '../../../src/state/index.js';
import { type Damage, byKey, filesOf, makeStore, outcomeOf, put, randomDamage } from '../support/damaged-store.js';
import { temporaryFolder } from '../support/engines.js';
import { seededRandom } from '../support/seeded-random.js';

/** More by MESHWRIGHT_DAMAGES and another MESHWRIGHT_SEED, as `npm run damage` gives them. */
const DAMAGES = Number(process.env.MESHWRIGHT_DAMAGES ?? 200);
const SEED = Number(process.env.MESHWRIGHT_SEED ?? Date.now() % 1_000_000);

describe('a data directory', () => {
  const root = mkdtempSync(join(tmpdir(), 'meshwright-damage-'));
  const original = join(root, 'original');
  let records: readonly StoredRecord[];
  let lastLog = '';

  beforeAll(async () => {
    records = await makeStore(original);
    lastLog = filesOf(original).findLast((name) => name.startsWith('log-')) ?? '';
  });
  afterAll(() => rmSync(root, { recursive: true, force: true }));

  const outcome = async (damage: Damage): Promise<string> => {
    const { outcome: found, complaint } = await outcomeOf(original, join(temporaryFolder(), 'copy'), records, damage);
    expect(complaint, `${damage.file}: ${damage.text}`).toBeUndefined();
    return found;
  };
  const damageTo = (file: string, text: string, apply: Damage['apply']): Damage => ({ file, text, apply });

  it('that is not damaged holds a snapshot and logs, and opens', async () => {
    expect(filesOf(original).filter((name) => name.startsWith('snapshot-'))).toHaveLength(1);
    expect(await outcome(damageTo('store.json', 'nothing', () => undefined))).toBe('recovered');
  });

  it(`with any of ${DAMAGES} damages (seed ${SEED}) has every record, or is refused with the file named`, async () => {
    const random = seededRandom(SEED);
    const outcomes = new Set<string>();
    for (let round = 0; round < DAMAGES; round += 1) outcomes.add(await outcome(randomDamage(original, random)));
    expect([...outcomes].toSorted()).toEqual(['recovered', 'refused']);
  }, 600_000);

  it('that lacks the end of its log is refused, to the last byte', async () => {
    const { size } = statSync(join(original, lastLog));
    for (const length of [0, Math.floor(size / 2), size - 1])
      expect(
        await outcome(damageTo(lastLog, `cut to ${length}`, (path) => truncateSync(join(path, lastLog), length))),
      ).toBe('refused');
  });

  it('whose log goes on with a write that was cut off opens without it', async () => {
    const frame = readFileSync(join(original, lastLog)).subarray(-200);
    for (const rest of [Buffer.alloc(10, 1), Buffer.alloc(70_000), frameBegun(5_000)])
      expect(await outcome(damageTo(lastLog, `${rest.length} bytes of a write`, (path) => append(path, rest)))).toBe(
        'recovered',
      );
    expect(await outcome(damageTo(lastLog, 'rubbish', (path) => append(path, frame)))).toBe('refused');
  });

  it('where both the newest commit and what remembers it are damaged is refused', async () => {
    const damage = damageTo(lastLog, 'cut by 10, nothing remembered', (path) => {
      truncateSync(join(path, lastLog), statSync(join(original, lastLog)).size - 10);
      writeFileSync(join(path, 'newest'), Buffer.alloc(512));
    });
    expect(await outcome(damage)).toBe('refused');
  });

  it('with a file of another history is refused', async () => {
    const older = join(temporaryFolder(), 'older');
    cpSync(original, older, { recursive: true });
    const backend = createEmbeddedBackend({ path: older });
    await backend.open();
    await put(backend, 'newer', '{"v":1}');
    await backend.close();
    expect(byKey(records)).toHaveLength(records.length);
    expect(
      await outcome(damageTo(lastLog, 'newer witness', (path) => cpSync(join(older, 'newest'), join(path, 'newest')))),
    ).toBe('refused');
  });

  const append = (path: string, bytes: Buffer): void => writeFileSync(join(path, lastLog), bytes, { flag: 'a' });
});

/** The beginning of a frame that is longer than what there is of it. */
function frameBegun(length: number): Buffer {
  const bytes = Buffer.alloc(1_000, 5);
  bytes.writeUInt32LE(length, 0);
  bytes.writeUInt32LE(~length >>> 0, 4);
  return bytes;
}
