import { describe, expect, test } from 'vitest';
import { meetsVersionConstraint, versionConstraintProblem } from '../../src/core/index.js';

describe('version constraints', () => {
  test.each([
    ['1.36.2', '', true],
    ['', '', true],
    ['', '>= 1.0', false],
    ['1.36.2', '>= 1.36.0', true],
    ['1.36.2', '>=1.36.0, <1.37', true],
    ['1.36.2', '>= 1.36.0, < 1.36.2', false],
    ['1.36.2', '1.36.2', true],
    ['1.36.2', '= 1.36', false],
    ['1.36.0', '1.36', true],
    ['1.36.2', '!= 1.36.2', false],
    ['1.36.2', '> 1.36.1', true],
    ['1.36.2', '<= 1.36.1', false],
    ['1.21.9', '~> 1.21.4', true],
    ['1.22.0', '~> 1.21.4', false],
    ['1.22.0', '~> 1.21', true],
    ['2.0.0', '~> 1.21', false],
    ['1.9.0', '>= 1.10.0', false],
    ['v1.21.4+meshwright', '= 1.21.4', true],
    ['1.22.0-dev', '< 1.22.0', true],
    ['1.22.0-dev', '>= 1.22.0', false],
    ['1.36.2', 'nonsense', false],
  ])('%s meets "%s": %s', (version, constraint, meets) => {
    expect(meetsVersionConstraint(version, constraint)).toBe(meets);
  });

  test('one that cannot be read is refused with the part that is wrong', () => {
    expect(versionConstraintProblem('>= 1.36.0, < 1.41')).toBeUndefined();
    expect(versionConstraintProblem('')).toBeUndefined();
    expect(versionConstraintProblem('>= 1.36, about 2')).toBe(
      'must be a version constraint such as ">= 1.36.0, < 1.41.0"; "about 2" is not one',
    );
    expect(versionConstraintProblem('=> 1')).toContain('"=> 1" is not one');
    expect(versionConstraintProblem('>= 1,')).toContain('"" is not one');
  });
});
