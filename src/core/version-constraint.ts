/** A version as far as it is compared: three numbers, and whether it is a preview of that version (`1.22.0-dev`). */
interface Version {
  readonly numbers: readonly number[];
  readonly preview: boolean;
}

const VERSION = /^v?(\d{1,9}(?:\.\d{1,9}){0,2})(-[0-9A-Za-z.-]+)?(?:\+[0-9A-Za-z.-]+)?$/;
const CONSTRAINT = /^(=|!=|>=|<=|>|<|~>)?\s*(\S+)$/;

/**
 * What is wrong with a version constraint (`>= 1.36.0, < 1.41`, `~> 1.21`), as a sentence without a subject; undefined when it can
 * be used. An empty one is fine: it holds for everything.
 */
export function versionConstraintProblem(constraint: string): string | undefined {
  const wrong = partsOf(constraint).find((part) => readPart(part) === undefined);
  return wrong === undefined
    ? undefined
    : `must be a version constraint such as ">= 1.36.0, < 1.41.0"; "${wrong}" is not one`;
}

/**
 * Whether a version meets a constraint; all parts must hold. A version that is not known (empty) meets the empty constraint only.
 * Constraints that cannot be read are met by nothing.
 */
export function meetsVersionConstraint(version: string, constraint: string): boolean {
  const parts = partsOf(constraint);
  if (parts.length === 0) return true;
  const known = readVersion(version);
  return known !== undefined && parts.every((part) => readPart(part)?.(known) ?? false);
}

const partsOf = (constraint: string): readonly string[] =>
  constraint.trim() === '' ? [] : constraint.split(',').map((part) => part.trim());

function readPart(part: string): ((version: Version) => boolean) | undefined {
  const [, operator = '=', text = ''] = CONSTRAINT.exec(part) ?? [];
  const bound = readVersion(text);
  if (bound === undefined) return undefined;
  const tests: Readonly<Record<string, (version: Version) => boolean>> = {
    '=': (version) => compare(version, bound) === 0,
    '!=': (version) => compare(version, bound) !== 0,
    '>': (version) => compare(version, bound) > 0,
    '>=': (version) => compare(version, bound) >= 0,
    '<': (version) => compare(version, bound) < 0,
    '<=': (version) => compare(version, bound) <= 0,
    '~>': (version) => compare(version, bound) >= 0 && sharesFront(version, bound),
  };
  return tests[operator];
}

function readVersion(text: string): Version | undefined {
  const [, numbers, preview] = VERSION.exec(text.trim()) ?? [];
  return numbers === undefined
    ? undefined
    : { numbers: numbers.split('.').map(Number), preview: preview !== undefined };
}

function compare(left: Version, right: Version): number {
  for (let position = 0; position < 3; position++) {
    const difference = (left.numbers[position] ?? 0) - (right.numbers[position] ?? 0);
    if (difference !== 0) return difference;
  }
  return Number(right.preview) - Number(left.preview);
}

/** `~> 1.2.3` stays within 1.2, `~> 1.2` within 1: all numbers that the bound has but its last. */
function sharesFront(version: Version, bound: Version): boolean {
  return bound.numbers
    .slice(0, Math.max(bound.numbers.length - 1, 1))
    .every((number, position) => version.numbers[position] === number);
}
