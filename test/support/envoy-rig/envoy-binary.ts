import { locateEnvoy } from '../../../src/cli/envoy/index.js';

/** The Envoy that everything is tested with, and the oldest that we call tested. */
export const NEWEST_ENVOY = '1.40.0';
export const OLDEST_ENVOY = '1.36.2';

/** One of each kind that we call tested, the newest first. */
export const TESTED_ENVOYS = [NEWEST_ENVOY, '1.38.3', OLDEST_ENVOY] as const;

/** The first and the last of them: what holds for both is taken to hold in between. */
export const OUTERMOST_ENVOYS = [NEWEST_ENVOY, OLDEST_ENVOY] as const;

const found = new Map<string, Promise<string>>();

/** Path of an Envoy of exactly this version, fetched when it is not here. Rejects when there is none: then nothing is tested. */
export function envoyBinary(version: string): Promise<string> {
  const known = found.get(version);
  if (known !== undefined) return known;
  const path = locateEnvoy({ env: process.env, version }).then((envoy) => envoy.path);
  found.set(version, path);
  return path;
}
