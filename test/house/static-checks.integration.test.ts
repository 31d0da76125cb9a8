import { describe, expect, it } from 'vitest';
import { checks } from '../../scripts/check.mjs';

// `npm run check` runs the same ones side by side; here each counts as a test of its own.
describe('static checks', () => {
  it.each(Object.keys(checks) as (keyof typeof checks)[])(
    '%s',
    async (name) => {
      const { ok, text } = await checks[name]();
      expect(ok, text).toBe(true);
    },
    180_000,
  );
});
