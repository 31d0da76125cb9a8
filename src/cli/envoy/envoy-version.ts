import { execFile } from 'node:child_process';
import { fileProblem } from '../files.js';

/** Oldest Envoy that the control plane serves. */
export const OLDEST_ENVOY = [1, 31] as const;
/** Oldest and newest minor version that we test with. */
export const TESTED_ENVOYS = { oldest: [1, 36], newest: [1, 40] } as const;

/** The version in the output of `envoy --version`, e.g. `1.40.0`; undefined when there is none. */
export function parseEnvoyVersion(output: string): string | undefined {
  return /version:\s*\S*\/(\d+\.\d+\.\d+)(?:[-/]|\s|$)/.exec(output)?.[1];
}

/** Asks a binary for its version. Throws a sentence when it does not run or is no Envoy. */
export async function envoyVersion(binary: string): Promise<string> {
  const output = await new Promise<string>((resolve, reject) => {
    execFile(binary, ['--version'], { timeout: 20_000 }, (error, stdout, stderr) => {
      if (error === null) return resolve(stdout);
      const why = (error as NodeJS.ErrnoException).code === undefined ? '' : fileProblem(error, binary);
      reject(new Error(`${binary} does not run: ${lastLine(stderr) || why || error.message}`));
    });
  });
  const version = parseEnvoyVersion(output);
  if (version === undefined) throw new Error(`${binary} is not an Envoy: \`--version\` says "${lastLine(output)}"`);
  return version;
}

export type EnvoyCompatibility = 'tested' | 'untested' | 'tooOld';

/** How far an Envoy of this version is known to work. */
export function envoyCompatibility(version: string): EnvoyCompatibility {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const isBefore = ([otherMajor, otherMinor]: readonly [number, number]) =>
    major < otherMajor || (major === otherMajor && minor < otherMinor);
  if (isBefore(OLDEST_ENVOY)) return 'tooOld';
  const [newestMajor, newestMinor] = TESTED_ENVOYS.newest;
  const isAfter = major > newestMajor || (major === newestMajor && minor > newestMinor);
  return isBefore(TESTED_ENVOYS.oldest) || isAfter ? 'untested' : 'tested';
}

const lastLine = (text: string): string => text.trim().split('\n').at(-1)?.slice(0, 300) ?? '';
