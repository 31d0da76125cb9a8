import { AppError } from '../../core/index.js';

/** What a node says about its program. */
export interface UserAgent {
  readonly name: string;
  readonly version?: { readonly major: number; readonly minor: number; readonly patch: number };
}

export interface VersionVerdict {
  /** `1.36.2`, or empty when the client does not say. */
  readonly version: string;
  readonly tested: boolean;
  readonly problem?: AppError;
}

const OLDEST = 31;
const OLDEST_TESTED = 36;
const NEWEST_TESTED = 40;

/**
 * Which Envoys are served (DESIGN, "Envoys"): below 1.31 refused; 1.31 to 1.35 and above 1.40 served and called untested.
 * Programs that are not Envoy, and clients that do not say what they are, are served.
 */
export function judgeVersion(agent: UserAgent): VersionVerdict {
  if (agent.name !== 'envoy') return { version: text(agent), tested: true };
  if (!agent.version) return { version: '', tested: false };
  const { major, minor } = agent.version;
  const version = text(agent);
  if (major === 1 && minor < OLDEST) {
    const problem = new AppError(
      'invalidArgument',
      `Envoy ${version} is too old for this control plane; use 1.${OLDEST} or newer (1.${OLDEST_TESTED} to 1.${NEWEST_TESTED} are tested)`,
    );
    return { version, tested: false, problem };
  }
  return { version, tested: major === 1 && minor >= OLDEST_TESTED && minor <= NEWEST_TESTED };
}

function text({ version }: UserAgent): string {
  return version ? `${version.major}.${version.minor}.${version.patch}` : '';
}
