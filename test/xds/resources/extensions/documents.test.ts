import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { readConfigEntry } from '../../../../src/cli/commands/config-file.js';
import { decodeConfigEntry } from '../../../../src/model/index.js';
import { extensionKinds } from '../../../../src/xds/resources/extensions/registry.js';
import { extensionProblems } from '../../../../src/xds/resources/index.js';

const text = readFileSync(fileURLToPath(new URL('../../../../docs/extensions.md', import.meta.url)), 'utf8');

describe('docs/extensions.md', () => {
  test('has a section on every extension, with its position', () => {
    const sections = text.split(/^## /m).slice(1);
    const titles = sections.map((section) => section.slice(0, section.indexOf('\n')).replaceAll('`', ''));
    for (const name of extensionKinds.keys()) expect(titles).toContain(name);
    for (const [at, section] of sections.entries())
      if (titles[at]?.includes('/')) expect(section, titles[at]).toContain('**Position:**');
  });

  test.each([...text.matchAll(/^```hcl\n([\s\S]*?)^```/gm)].map(([, example = '']) => example))(
    'example %# can be written',
    (example) => {
      const entry = decodeConfigEntry(readConfigEntry(example, 'docs/extensions.md').body);
      if (entry.kind !== 'service-defaults') throw new Error('an example that is not about a service');
      expect(entry.envoyExtensions).toHaveLength(1);
      expect(extensionProblems(entry.envoyExtensions, entry.kind)).toEqual([]);
    },
  );
});
