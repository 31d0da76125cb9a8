import { backupTimeMs } from '../backup-name.js';
import type { BackupPlace } from '../backup-place.js';
import type { S3Bucket } from './s3-bucket.js';

export interface S3PlaceOptions {
  readonly bucket: S3Bucket;
  /** Its name for people. */
  readonly shown: string;
  /** Without slashes at its ends; empty = the bucket's top. */
  readonly prefix: string;
  readonly scratchFolder: string;
}

/** A prefix of a bucket. A file is there as soon as the store has answered, and not before. */
export function s3Place({ bucket, shown, prefix, scratchFolder }: S3PlaceOptions): BackupPlace {
  const folder = prefix === '' ? '' : `${prefix}/`;
  return {
    shown,
    scratchFolder,
    async list() {
      const found = (await bucket.list(folder)).flatMap(({ key, sizeBytes }) => {
        const name = key.slice(folder.length);
        const atMs = backupTimeMs(name);
        return atMs === undefined ? [] : [{ name, atMs, sizeBytes }];
      });
      return found.sort((a, b) => a.atMs - b.atMs);
    },
    put: (name, file) => bucket.put(folder + name, file),
    open: (name) => bucket.get(folder + name),
    remove: (name) => bucket.remove(folder + name),
  };
}
