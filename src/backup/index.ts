/**
 * Backup: snapshots that are kept somewhere, again and again, the newest of them (docs/operations.md, "Backups").
 *
 * In: the bytes of a snapshot from a server; a place, a folder or a bucket of an S3-compatible store. Out: files in that place, each of
 * them read back and compared; what has become of them. Must never: show a secret in a message, take a backup away before a newer one
 * is known to be whole, or do harm to its caller by failing.
 */
export { backupName } from './backup-name.js';
export type { BackupFile, BackupPlace } from './backup-place.js';
export { type BackupState, keepBackups } from './keep-backups.js';
export { openPlace } from './open-place.js';
export { resolveStorage, shownStorage, type StorageConfig } from './storage-config.js';
export { consulStorageFields, storageFields, type StorageOptions } from './storage-options.js';
export { takeBackup, type TakenBackup } from './take-backup.js';
