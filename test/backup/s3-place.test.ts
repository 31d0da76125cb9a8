import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { backupName } from '../../src/backup/backup-name.js';
import { parseError, parsePage } from '../../src/backup/s3/s3-answer.js';
import { bucketUrl, createS3Bucket, type S3BucketOptions } from '../../src/backup/s3/s3-bucket.js';
import { s3Place } from '../../src/backup/s3/s3-place.js';
import { takeBackup } from '../../src/backup/take-backup.js';
import { BUCKET, type FakeS3, startFakeS3 } from '../support/s3/fake-s3.js';
import { smallSnapshot } from './snapshot-bytes.js';

const SIGNER = { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'a/secret+key', region: 'eu-test-1' };
const AT_MS = Date.parse('2026-01-31T10:00:00Z');

describe('A bucket', () => {
  let store: FakeS3;
  let scratch: string;
  let whole: Buffer;
  let pauses: number[];
  beforeEach(async () => {
    store = await startFakeS3(SIGNER, () => AT_MS);
    scratch = mkdtempSync(join(tmpdir(), 's3-'));
    whole = await smallSnapshot();
    pauses = [];
  });
  afterEach(async () => {
    await store.close();
    rmSync(scratch, { recursive: true });
  });

  const place = (changes: Partial<S3BucketOptions> = {}, prefix = "a prefix/of (it)'s + own") =>
    s3Place({
      shown: 's3://bucket',
      prefix,
      scratchFolder: scratch,
      bucket: createS3Bucket({
        bucket: BUCKET,
        region: SIGNER.region,
        endpoint: store.endpoint,
        forcePathStyle: true,
        serverSideEncryption: false,
        credentials: async () => ({ sessionToken: '', ...SIGNER }),
        now: () => AT_MS,
        pause: async (ms) => void pauses.push(ms),
        ...changes,
      }),
    });
  const take = (at: number, changes: Partial<S3BucketOptions> = {}, retain = 3) =>
    takeBackup({ place: place(changes), name: backupName(AT_MS + at), retain, source: async () => [whole] as never });

  test('takes a backup whose signature and hash hold, lists it and gives it back', async () => {
    const { name } = await take(0);
    expect(store.objects.get(`a prefix/of (it)'s + own/${name}`)).toEqual(whole);
    expect(await place().list()).toEqual([{ name, atMs: AT_MS, sizeBytes: whole.length }]);
    expect(readdirSync(scratch)).toEqual([]);
  });

  test('keeps the newest, over several pages of its list, and what is not ours', async () => {
    store.objects.set("a prefix/of (it)'s + own/by hand.snap", Buffer.from('mine'));
    store.objects.set(backupName(1), Buffer.from('of another prefix'));
    for (let at = 0; at < 6; at++) await take(at, {}, 0);
    expect((await take(6, {}, 3)).removed).toHaveLength(4);
    expect((await place().list()).map(({ atMs }) => atMs - AT_MS)).toEqual([4, 5, 6]);
    expect(store.objects.size).toBe(5);
  });

  test('is asked again when it is overloaded, later each time, and the file is sent anew', async () => {
    store.instead.push(
      () => ({ status: 503, code: 'SlowDown' }),
      () => ({ status: 500 }),
    );
    const { name } = await take(0, {}, 0);
    expect(pauses).toEqual([500, 1000]);
    expect(store.objects.get(`a prefix/of (it)'s + own/${name}`)).toEqual(whole);
  });

  test('that stays overloaded is given up after four attempts', async () => {
    store.instead.push(...Array.from({ length: 4 }, () => () => ({ status: 503, code: 'SlowDown' })));
    await expect(take(0)).rejects.toThrow('the bucket backups answers with 503 SlowDown (said by the store)');
    expect(store.seen).toHaveLength(4);
    expect([store.objects.size, readdirSync(scratch)]).toEqual([0, []]);
  });

  test.each([
    ['another secret', { secretAccessKey: 'other' }, 'SignatureDoesNotMatch'],
    ['another key', { accessKeyId: 'other' }, 'InvalidAccessKeyId'],
    ['an ended session', { sessionToken: 'old' }, 'InvalidToken'],
  ])('that refuses the credentials because of %s is asked once, and no secret is shown', async (_why, other, code) => {
    const credentials = async () => ({ sessionToken: '', ...SIGNER, ...other });
    const refused = await take(0, { credentials }).catch((thrown: Error) => thrown.message);
    expect(refused).toBe(
      `the bucket backups answers with 403 ${code} (said by the store): look at the credentials, and whether they allow s3:PutObject`,
    );
    expect(store.seen).toHaveLength(1);
  });

  test('says that the clock is wrong', async () => {
    await expect(take(0, { now: () => AT_MS + 3_600_000 })).rejects.toThrow('synchronise the clock of this machine');
  });

  test('that is not there, or not reachable, is named', async () => {
    await expect(take(0, { bucket: 'other' })).rejects.toThrow('the bucket other answers with 404 NoSuchBucket');
    await store.close();
    await expect(take(0)).rejects.toThrow(
      `the bucket backups cannot be reached at ${store.endpoint}: connect ECONNREFUSED`,
    );
  });

  test('that keeps other bytes than it was given is found out, and no backup goes for it', async () => {
    const first = await take(0, {}, 1);
    store.stored = (body) => body.subarray(1);
    await expect(take(1, {}, 1)).rejects.toThrow('is not what was written');
    expect((await place().list()).map(({ name }) => name)).toEqual([first.name]);
  });

  test('is asked to encrypt, with its own keys or with a named one', async () => {
    const asked = async (changes: Partial<S3BucketOptions>) => {
      store.seen.length = 0;
      await take(0, changes);
      return Object.fromEntries(
        Object.entries(store.seen[0]?.headers ?? {}).filter(([name]) => name.startsWith('x-amz-server-side')),
      );
    };
    expect(await asked({ serverSideEncryption: true })).toEqual({ 'x-amz-server-side-encryption': 'AES256' });
    expect(await asked({ kmsKey: 'k1' })).toEqual({
      'x-amz-server-side-encryption': 'aws:kms',
      'x-amz-server-side-encryption-aws-kms-key-id': 'k1',
    });
  });

  test('is addressed by name, or by path where a name cannot do it', () => {
    const url = (endpoint: string, bucket = 'b', forcePathStyle = false) =>
      bucketUrl({ bucket, endpoint, forcePathStyle, region: 'eu-test-1', serverSideEncryption: false });
    expect(url('')).toBe('https://b.s3.eu-test-1.amazonaws.com/');
    expect(url('https://store.example:9000')).toBe('https://b.store.example:9000/');
    expect(url('https://store.example:9000', 'b', true)).toBe('https://store.example:9000/b/');
    expect(url('https://store.example', 'b.c')).toBe('https://store.example/b.c/');
    expect(url('http://127.0.0.1:9000')).toBe('http://127.0.0.1:9000/b/');
    expect(url('http://[::1]:9000')).toBe('http://[::1]:9000/b/');
  });
});

describe('The XML of a store', () => {
  test('gives back every key that can be written in it', () => {
    const escape = (key: string) => key.replace(/[&<>"']/g, (letter) => `&#${letter.charCodeAt(0)};`);
    fc.assert(
      fc.property(fc.array(fc.string({ unit: 'grapheme', minLength: 1 }), { maxLength: 4 }), (keys) => {
        const contents = keys.map((key) => `<Contents><Key>${escape(key)}</Key><Size>3</Size></Contents>`).join('');
        const page = parsePage(
          `<ListBucketResult xmlns="x"><IsTruncated>false</IsTruncated>${contents}</ListBucketResult>`,
        );
        expect(page).toEqual({ objects: keys.map((key) => ({ key, sizeBytes: 3 })) });
      }),
    );
  });

  test('is no list when it is something else, whatever it is', () => {
    fc.assert(fc.property(fc.string(), (text) => void [parsePage(text), parseError(text)]));
    expect(parsePage('<html>')).toBeUndefined();
    expect(parseError('<Error><Code>A&amp;B</Code></Error>')).toEqual({ code: 'A&B', message: '' });
  });
});
