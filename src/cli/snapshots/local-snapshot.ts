import { createWriteStream } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { openPlace, resolveStorage } from '../../backup/index.js';
import { systemClock } from '../../core/clock.js';
import { AppError } from '../../core/errors/index.js';
import type { CliIo } from '../io.js';

/**
 * Runs with the path of a snapshot that is named by a path, or as `s3://bucket/key`: then it is fetched into a temporary file
 * first, from `AWS_S3_ENDPOINT` with the credentials of the environment. Throws AppError where that cannot be, and what `run` throws.
 */
export async function withSnapshotFile<Result>(
  name: string,
  { env, cwd }: Pick<CliIo, 'env' | 'cwd'>,
  run: (path: string) => Promise<Result>,
): Promise<Result> {
  const parts = /^s3:\/\/([^/]+)\/(?:(.+)\/)?([^/]+)$/.exec(name);
  if (!parts) return run(resolve(cwd, name));
  const [, s3Bucket = '', s3KeyPrefix = '', file = ''] = parts;
  const folder = await mkdtemp(join(tmpdir(), 'meshwright-snapshot-'));
  try {
    const awsStorage = { s3Bucket, s3KeyPrefix, s3ForcePathStyle: Boolean(env['AWS_S3_ENDPOINT']) };
    const storage = resolveStorage({ awsStorage }, env);
    if (!storage) throw new AppError('invalidArgument', `${name} names no bucket`);
    const place = openPlace(storage, { env, clock: systemClock, scratchFolder: folder });
    const path = join(folder, 'fetched.snap');
    await pipeline(await place.open(file), createWriteStream(path, { mode: 0o600 }));
    return await run(path);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
