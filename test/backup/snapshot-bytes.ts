import { Readable } from 'node:stream';
import { createGzip } from 'node:zlib';
import { snapshotBytes } from '../../src/snapshot/index.js';

/** The bytes of a snapshot with one key, as a server gives them. */
export async function smallSnapshot(index = 7): Promise<Buffer> {
  const content = { index, counts: { kv: 1 }, node: 'n1', datacenter: 'dc1', createdAt: '2026-01-31T00:00:00.000Z' };
  const records = [{ table: 'kv', key: 'a', createIndex: 5, modifyIndex: index, value: '{"v":1}' }];
  const pieces: Buffer[] = [];
  for await (const piece of Readable.from(snapshotBytes(content, records)).pipe(createGzip()))
    pieces.push(piece as Buffer);
  return Buffer.concat(pieces);
}
