import { accessSync, constants, statSync } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, isAbsolute, join, resolve } from 'node:path';
import { envoyVersion } from './envoy-version.js';
import { type FetchProgress, fetchEnvoy } from './fetch-envoy.js';

export type { FetchProgress } from './fetch-envoy.js';

/** The Envoy that is fetched when nobody asks for another. */
export const DEFAULT_ENVOY_VERSION = '1.40.0';

export interface LocateOptions {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Exactly this version. Default: whatever ENVOY_BIN or the PATH has, else `DEFAULT_ENVOY_VERSION`. */
  readonly version?: string | undefined;
  readonly onProgress?: ((progress: FetchProgress) => void) | undefined;
  /** Ends a fetch. */
  readonly signal?: AbortSignal | undefined;
}

export interface LocatedEnvoy {
  readonly path: string;
  readonly version: string;
  readonly from: 'ENVOY_BIN' | 'PATH' | 'cache' | 'fetched';
}

/**
 * Finds an Envoy: the one that ENVOY_BIN names, else `envoy` on the PATH, else a cached one, else one fetched now.
 * With a version, those that have another are passed over. Throws one sentence that says what to do.
 */
export async function locateEnvoy(options: LocateOptions): Promise<LocatedEnvoy> {
  const { env, version } = options;
  if (version !== undefined && !/^\d+\.\d+\.\d+$/.test(version))
    throw new Error(`"${version}" is not a version of Envoy; write it as in ${DEFAULT_ENVOY_VERSION}`);
  const named = env['ENVOY_BIN'];
  if (named) {
    const found = { path: resolve(named), version: await envoyVersion(resolve(named)), from: 'ENVOY_BIN' as const };
    if (version === undefined || version === found.version) return found;
  }
  const onPath = findOnPath('envoy', env);
  if (onPath !== undefined) {
    const found = await envoyVersion(onPath).catch(() => undefined);
    if (found !== undefined && (version === undefined || version === found))
      return { path: onPath, version: found, from: 'PATH' };
  }
  const wanted = version ?? DEFAULT_ENVOY_VERSION;
  const target = join(envoyCache(env), wanted, 'envoy');
  const isCached = isExecutable(target);
  if (!isCached)
    await fetchEnvoy({ version: wanted, target, env, onProgress: options.onProgress, signal: options.signal });
  return { path: target, version: await envoyVersion(target), from: isCached ? 'cache' : 'fetched' };
}

/** The folder of fetched Envoys, one folder per version: under XDG_CACHE_HOME, else ~/.cache. */
export function envoyCache(env: Readonly<Record<string, string | undefined>>): string {
  const given = env['XDG_CACHE_HOME'];
  const base = given && isAbsolute(given) ? given : join(env['HOME'] || homedir(), '.cache');
  return join(base, 'meshwright', 'envoy');
}

function findOnPath(name: string, env: Readonly<Record<string, string | undefined>>): string | undefined {
  return (env['PATH'] ?? '')
    .split(delimiter)
    .filter((folder) => folder !== '')
    .map((folder) => resolve(folder, name))
    .find(isExecutable);
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}
