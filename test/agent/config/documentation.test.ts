import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { optionsField } from '../../../src/agent/config/options.js';
import { OPTIONS_WITHOUT_EFFECT, SECTIONS_WITHOUT_EFFECT } from '../../../src/agent/config/without-effect.js';
import type { Field } from '../../../src/model/wire/index.js';

const page = readFileSync(new URL('../../../docs/configuration.md', import.meta.url), 'utf8');
const [acting = '', silent = ''] = page.split('## Accepted, no effect');
const fold = (name: string): string => name.replaceAll('_', '').toLowerCase();
const described = [...acting.matchAll(/^\| `([a-z0-9_.]+)` \| [^|]+ \|[^|]*\|$/gm)].map((match) => match[1] as string);
const listed = [...silent.matchAll(/`([a-z0-9_.]+)`/g)].map((match) => match[1] as string);

/** Every option of the schema, `section.name`. Maps and what users name themselves are options as a whole. */
function optionsOf(field: Field<unknown>, path: string): string[] {
  if (fold(path) === 'locality' || field.members === undefined) return path === '' ? [] : [path];
  return [...field.members].flatMap(([name, member]) => optionsOf(member, path === '' ? name : `${path}.${name}`));
}
const known = optionsOf(optionsField as Field<unknown>, '').map(fold);
const withoutEffect = [
  ...Object.entries(OPTIONS_WITHOUT_EFFECT).flatMap(([section, names]) =>
    names.map((name) => (section === '' ? name : `${section}.${name}`)),
  ),
  ...Object.keys(SECTIONS_WITHOUT_EFFECT),
];

describe('docs/configuration.md', () => {
  it('describes every option that acts, and no other', () => {
    expect([...described].map(fold).sort()).toEqual([...known].sort());
  });

  it('names every option without effect, and no other', () => {
    expect([...listed].sort()).toEqual([...withoutEffect].sort());
  });
});
