import type { Clock } from '../core/index.js';
import type { BackupPlace } from './backup-place.js';
import { folderPlace } from './folder-place.js';
import { createS3Credentials } from './s3/lent-credentials.js';
import { createS3Bucket } from './s3/s3-bucket.js';
import type { Environment } from './s3/s3-credentials.js';
import { s3Place } from './s3/s3-place.js';
import { shownStorage, type StorageConfig } from './storage-config.js';

export interface PlaceSurroundings {
  readonly env: Environment;
  readonly clock: Clock;
  /** Where files are made on their way to a bucket. */
  readonly scratchFolder: string;
  readonly signal?: AbortSignal;
}

/** The place that a configuration names. Nothing is done before it is used. */
export function openPlace(config: StorageConfig, surroundings: PlaceSurroundings): BackupPlace {
  if (config.type === 'folder') return folderPlace(config.path);
  const { env, clock, scratchFolder, signal } = surroundings;
  const bucket = createS3Bucket({
    ...config.target,
    credentials: createS3Credentials({
      given: config.credentials,
      role: config.role,
      region: config.target.region,
      env,
      now: clock.now,
    }),
    now: clock.now,
    pause: (ms) =>
      new Promise((resolve) => {
        const cancel = clock.after(ms, resolve);
        signal?.addEventListener('abort', () => {
          cancel();
          resolve();
        });
      }),
    ...(signal && { signal }),
  });
  return s3Place({ bucket, shown: shownStorage(config), prefix: config.prefix, scratchFolder });
}
