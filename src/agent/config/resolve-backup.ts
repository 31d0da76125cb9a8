import { resolveStorage, type StorageConfig } from '../../backup/index.js';
import { AppError } from '../../core/index.js';
import type { BackupOptions } from './options.js';

/** Backups that the servers take of themselves. */
export interface BackupConfig {
  readonly intervalMs: number;
  /** 0 = all are kept. */
  readonly retain: number;
  readonly storage: StorageConfig;
}

const MINUTE_MS = 60_000;
const SHORTEST_INTERVAL_MS = 10_000;

/**
 * `backup` with defaults, as a part of the configuration; empty where there is no such section. `env` is that of the process, for
 * what the section leaves open. Throws AppError('invalidArgument' | 'unsupported') that names the option.
 */
export function backupOf(
  options: BackupOptions | undefined,
  env: Readonly<Record<string, string | undefined>>,
): { readonly backup?: BackupConfig } {
  if (options === undefined) return {};
  const { intervalMs = 60 * MINUTE_MS, retain = 30 } = options;
  if (intervalMs < SHORTEST_INTERVAL_MS) throw new AppError('invalidArgument', 'backup.interval must be at least 10s');
  if (retain < 0) throw new AppError('invalidArgument', 'backup.retain must be 0 or more');
  const storage = resolveStorage(options, env);
  if (!storage)
    throw new AppError(
      'invalidArgument',
      'backup names no place: give backup.local_storage.path, or backup.aws_storage.s3_bucket',
    );
  return { backup: { intervalMs, retain, storage } };
}
