import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { formatSince } from '../../../src/lang/envoy-format/index.js';
import { configEntryKinds } from '../../../src/model/config-entries/index.js';

const text = readFileSync(fileURLToPath(new URL('../../../docs/config-entries.md', import.meta.url)), 'utf8');

describe('docs/config-entries.md', () => {
  test('has a section on every kind', () => {
    const titles = [...text.matchAll(/^## (.*)$/gm)].flatMap(([, title = '']) => title.split(', '));
    expect(titles).toEqual(expect.arrayContaining([...configEntryKinds]));
  });

  test('says rightly with which Envoy commands of format strings came', () => {
    const rows = [...text.matchAll(/^\| [^|]*%[^|]*\| 1\.(\d+) \|/gm)];
    expect(rows).toHaveLength(5);
    for (const [row, minor] of rows)
      for (const [, name = ''] of row.matchAll(/`%(\w+)%`/g))
        expect(Math.min(...[`%${name}%`, `%${name}(a)%`].map(formatSince)), name).toBe(Number(minor));
  });
});
