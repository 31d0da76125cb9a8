import { Readable } from 'node:stream';
import { gunzipSync, gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { SnapshotError, type SnapshotRecord, readSnapshot, snapshotBytes } from '../../src/snapshot/index.js';

type Writable = Parameters<typeof snapshotBytes>[1] extends Iterable<infer Item> ? Item : never;

const record = (key: string, table = 'kv'): Writable => ({
  table,
  key,
  createIndex: 3,
  modifyIndex: 7,
  value: JSON.stringify({ v: 1, key, value: 'x' }),
});
const counted = (records: readonly Writable[]): Record<string, number> => {
  const counts: Record<string, number> = {};
  for (const { table } of records) counts[table] = (counts[table] ?? 0) + 1;
  return counts;
};
async function unpacked(records: readonly Writable[], counts = counted(records)): Promise<Buffer> {
  const content = { index: 9, counts, node: 'n1', datacenter: 'dc1', createdAt: '2026-01-01T00:00:00.000Z' };
  const chunks: Buffer[] = [];
  for await (const chunk of snapshotBytes(content, records)) chunks.push(chunk);
  return Buffer.concat(chunks);
}
async function read(file: Buffer) {
  const records: SnapshotRecord[] = [];
  const result = await readSnapshot(Readable.from([file]), (one) => void records.push(one));
  return { ...result, records };
}
const problemOf = (file: Buffer): Promise<unknown> =>
  read(file).then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
const SOME = [record('a'), record('b/c'), record('web', 'services')];
/** One sentence, without a path or a stack trace. */
const SENTENCE = /^[^\n]{10,300}$/;

describe('a snapshot', () => {
  test('gives back what was written, whatever the keys and values hold', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.uniqueArray(fc.tuple(fc.string({ unit: 'binary' }), fc.jsonValue()), {
          selector: ([key]) => key,
          maxLength: 20,
        }),
        async (rows) => {
          const records = rows.map(([key, value]) => ({
            ...record(key),
            value: JSON.stringify({ v: 1, value }),
          }));
          const { records: found, meta } = await read(gzipSync(await unpacked(records)));
          expect(meta).toMatchObject({ index: 9, node: 'n1', datacenter: 'dc1' });
          expect(found).toEqual(records.map((one) => ({ ...one, value: JSON.parse(one.value) as object })));
        },
      ),
      { numRuns: 50 },
    );
  });

  test('of many records is cut into pieces, and is read in pieces of any size', async () => {
    const records = Array.from({ length: 5000 }, (_, at) => record(`key-${at}`));
    const file = gzipSync(await unpacked(records));
    const slices = Array.from({ length: Math.ceil(file.length / 777) }, (_, at) =>
      file.subarray(at * 777, (at + 1) * 777),
    );
    let count = 0;
    await readSnapshot(Readable.from(slices), () => void (count += 1));
    expect(count).toBe(5000);
    expect(gunzipSync(file).toString('latin1')).toContain('records/00000003.jsonl');
  });

  test('cut short at any byte is refused in one sentence', async () => {
    const file = gzipSync(await unpacked(SOME));
    for (let length = 0; length < file.length; length++) {
      const problem = await problemOf(file.subarray(0, length));
      expect(problem, `cut after ${length}`).toBeInstanceOf(SnapshotError);
      expect((problem as Error).message).toMatch(SENTENCE);
    }
  });

  test('with any bit flipped is refused, or still says the same', async () => {
    const file = gzipSync(await unpacked(SOME));
    const whole = await read(file);
    for (let bit = 0; bit < file.length * 8; bit++) {
      const damaged = Buffer.from(file);
      damaged[bit >> 3] = (damaged[bit >> 3] as number) ^ (1 << (bit & 7));
      const found = await read(damaged).catch((thrown: unknown) => thrown);
      if (found instanceof Error) expect(found).toBeInstanceOf(SnapshotError);
      else expect(found).toEqual(whole);
    }
  });

  test('with any bit flipped below a packing that hides it is refused, or still says the same', async () => {
    const plain = await unpacked(SOME);
    const whole = await read(gzipSync(plain));
    await fc.assert(
      fc.asyncProperty(fc.nat(plain.length * 8 - 1), async (bit) => {
        const damaged = Buffer.from(plain);
        damaged[bit >> 3] = (damaged[bit >> 3] as number) ^ (1 << (bit & 7));
        const found = await read(gzipSync(damaged)).catch((thrown: unknown) => thrown);
        if (found instanceof Error) expect(found).toBeInstanceOf(SnapshotError);
        else expect(found).toEqual(whole);
      }),
      { numRuns: 500 },
    );
  });

  test('is refused when a byte of any kind is all there is', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 2000 }), async (bytes) => {
        expect(await problemOf(Buffer.from(bytes))).toBeInstanceOf(SnapshotError);
        expect(await problemOf(gzipSync(bytes))).toBeInstanceOf(SnapshotError);
      }),
    );
  });

  test.each([
    ['of another program', { product: 'other' }, /another program/],
    ['of a newer version', { version: 2 }, /newer version \(format 2, this one knows 1\)/],
    ['without its index', { index: -1 }, /damaged/],
  ])('%s is refused', async (_what, change, problem) => {
    const content = { index: 9, counts: {}, node: 'n1', datacenter: 'dc1', createdAt: '2026-01-01T00:00:00.000Z' };
    const chunks: Buffer[] = [];
    for await (const chunk of snapshotBytes({ ...content, ...change }, [])) chunks.push(chunk);
    expect(await problemOf(gzipSync(Buffer.concat(chunks)))).toMatchObject({ message: expect.stringMatching(problem) });
  });

  test('that says that it holds more than it does is refused', async () => {
    expect(await problemOf(gzipSync(await unpacked(SOME, { kv: 3, services: 1 })))).toMatchObject({
      message: expect.stringContaining('3 records of kv'),
    });
  });

  test('ends when its sender goes away', async () => {
    const file = gzipSync(await unpacked(SOME));
    const source = new Readable({ read: () => undefined });
    const reading = readSnapshot(source, () => undefined);
    source.push(file.subarray(0, 40));
    setImmediate(() => source.destroy());
    await expect(reading).rejects.toThrow(/sender went away/);
  });
});
