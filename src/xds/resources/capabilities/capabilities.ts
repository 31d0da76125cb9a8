import { formatSince } from '../../../lang/envoy-format/index.js';
import { type EnvoyRelease, envoyRelease } from './envoy-release.js';

/**
 * Something that not every served Envoy (1.31 to 1.40) does alike, of what we send; what all of them do alike is not in the table.
 * Extensions name the Envoys they need themselves (`extensions/`).
 */
export interface Capability {
  /** Whether without it somebody could be let through who must not be. */
  readonly security: boolean;
  /** What an Envoy without it does, as the rest of a sentence about it. */
  readonly without: string;
  readonly has: (release: EnvoyRelease) => boolean;
}

/** Envoy 1.40 has all that is in the table and all commands of format strings. */
export const NEWEST_KNOWN_MINOR = 40;

/** Tried with 1.36.2, 1.36.4, 1.37.0, 1.38.3, 1.39.0, 1.39.1, 1.39.3 and 1.40.0. */
export const capabilities = {
  /**
   * A regular expression sees every value of a header, also when one of several is no text. Envoys that join the values (until
   * 1.34.12, 1.35.7, 1.36.4, 1.37.0) see at least that the whole is no text; those that take them apart overlook such a value
   * until 1.39.1.
   */
  regexOverBytes: {
    security: true,
    without: 'overlooks a value of a repeated header that is not UTF-8 when it matches a regular expression',
    has: (release) => joinsValues(release) || release.minor >= 40 || (release.minor === 39 && release.patch >= 1),
  },
  /** Survives that keys cannot be fetched for a request with two tokens of their issuer (CVE-2025-64527). */
  failedKeyFetch: {
    security: false,
    without:
      'can be brought down by a caller who sends two tokens while the keys of an issuer cannot be fetched (CVE-2025-64527)',
    has: ({ minor, patch }) => minor >= 37 || patch >= (SURVIVES_FAILED_FETCH.get(minor) ?? Number.POSITIVE_INFINITY),
  },
} as const satisfies Readonly<Record<string, Capability>>;

/** First releases in which the crash is mended; minors above never had it, and those below have it for good. */
const SURVIVES_FAILED_FETCH: ReadonlyMap<number, number> = new Map([
  [33, 13],
  [34, 11],
  [35, 7],
  [36, 3],
]);

/** First releases that take the values of a repeated header apart; minors below join them, and minors above do not. */
const TAKES_APART: ReadonlyMap<number, number> = new Map([
  [34, 13],
  [35, 8],
  [36, 5],
  [37, 1],
]);

function joinsValues({ minor, patch }: EnvoyRelease): boolean {
  if (minor < 34) return true;
  return patch < (TAKES_APART.get(minor) ?? 0);
}

/** Whether an Envoy has a capability. One that does not say what it is counts as a new one. */
export function hasCapability(version: string, name: keyof typeof capabilities): boolean {
  const release = envoyRelease(version);
  return release === undefined || capabilities[name].has(release);
}

/** Whether an Envoy knows every command of a format string; see `lang/envoy-format` for which is known since when. */
export function knowsFormat(version: string, text: string): boolean {
  const release = envoyRelease(version);
  return release === undefined || formatSince(text) <= release.minor;
}
