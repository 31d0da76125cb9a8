const NAME = /^meshwright-(\d{4})(\d{2})(\d{2})T(\d{2})(\d{2})(\d{2})(\d{3})Z\.snap$/;

/** The name of a backup taken at a time (ms since the epoch), in the order of time: `meshwright-20260131T235959000Z.snap`. */
export function backupName(atMs: number): string {
  return `meshwright-${new Date(atMs).toISOString().replace(/[-:.]/g, '')}.snap`;
}

/** When the backup of this name was taken, ms since the epoch; undefined for names that are not ours. */
export function backupTimeMs(name: string): number | undefined {
  const parts = NAME.exec(name);
  if (!parts) return undefined;
  const [, year, month, day, hour, minute, second, ms] = parts;
  const atMs = Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}.${ms}Z`);
  return Number.isNaN(atMs) ? undefined : atMs;
}
