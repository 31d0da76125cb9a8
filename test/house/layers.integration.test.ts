import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { cruise } from '../../scripts/checks/layers.mjs';
import { root } from '../../scripts/lib/run.mjs';

const target = 'export const value = 1;\n';
const importing = (from: string) => `import { value } from '${from}';\nexport const again = value;\n`;

const refused = [
  ['mesh', 'state', 'mesh-reaches-too-far'],
  ['core', 'model', 'core-reaches-too-far'],
  ['lang', 'model', 'lang-reaches-too-far'],
  ['state', 'mesh', 'state-reaches-too-far'],
  ['ca', 'edges', 'ca-reaches-too-far'],
  ['xds/resources', 'ca', 'xds-resources-reaches-too-far'],
  ['agent', 'edges', 'agent-reaches-too-far'],
  ['edges', 'server', 'edges-reaches-too-far'],
  ['cli', 'state', 'cli-reaches-too-far'],
] as const;

const allowed = [
  ['mesh', 'model'],
  ['xds/resources', 'mesh'],
  ['xds/server', 'ca'],
  ['edges', 'agent'],
  ['server', 'edges'],
] as const;

/** A file in one room that imports the target of another. */
const crossing = (from: string, to: string): [name: string, text: string] => [
  `src/${from}/to-${to}.ts`,
  importing(`${from.replace(/[^/]+/g, '..')}/${to}/target.js`),
];

/** A small tree of made-up files, most of which break one rule of the project. */
const tree = new Map<string, string>([
  ...['agent', 'ca', 'core', 'edges', 'mesh', 'model', 'server', 'state'].map((room): [string, string] => [
    `src/${room}/target.ts`,
    target,
  ]),
  ...refused.map(([from, to]) => crossing(from, to)),
  ...allowed.map(([from, to]) => crossing(from, to)),
  ['src/mesh/reads.ts', "import { readFileSync } from 'node:fs';\nexport const read = readFileSync;\n"],
  ['src/lang/streams.ts', "import { Subject } from 'rxjs';\nexport const subject = new Subject();\n"],
  ['src/agent/server.ts', "import { fastify } from 'fastify';\nexport const server = fastify();\n"],
  ['src/agent/yaml.ts', "import { parse } from 'yaml';\nexport const read = parse;\n"],
  ['src/core/a.ts', "import { b } from './b.js';\nexport const a = (): number => b();\n"],
  ['src/core/b.ts', "import { a } from './a.js';\nexport const b = (): number => a();\n"],
  ['src/core/c.ts', importing('./missing.js')],
  ['src/odd/d.ts', importing('../core/target.js')],
]);

describe('the direction rules', () => {
  let dir: string;
  let found: string[];
  let seen: number | undefined;

  beforeAll(async () => {
    dir = mkdtempSync(join(tmpdir(), 'layers-'));
    for (const name of ['node_modules', 'package.json', 'tsconfig.json'])
      symlinkSync(join(root, name), join(dir, name));
    for (const [name, text] of tree) {
      mkdirSync(dirname(join(dir, name)), { recursive: true });
      writeFileSync(join(dir, name), text);
    }
    const result = await cruise(['src'], dir);
    if (result.error) throw new Error(result.error);
    found = result.violations ?? [];
    seen = result.seen;
  });
  afterAll(() => rmSync(dir, { recursive: true, force: true }));

  /** The names of the rules that a file breaks. */
  const brokenBy = (file: string) =>
    [
      ...new Set(
        found.filter((text) => text.includes(`: ${file} -> `)).map((text) => text.slice(0, text.indexOf(':'))),
      ),
    ].sort();

  it('are put to every file', () => {
    // The import that leads nowhere counts as a module too.
    expect(seen).toBeGreaterThanOrEqual(tree.size);
  });

  it.each(refused)('refuse that %s imports %s', (from, to, rule) => {
    expect(brokenBy(crossing(from, to)[0])).toContain(rule);
  });

  it.each(allowed)('allow that %s imports %s', (from, to) => {
    expect(brokenBy(crossing(from, to)[0])).toEqual([]);
  });

  it.each([
    ['input and output in a pure room', 'src/mesh/reads.ts', 'pure-rooms-do-no-io'],
    ['rxjs in a pure room', 'src/lang/streams.ts', 'pure-rooms-use-no-rxjs'],
    ['a package outside the folder that owns it', 'src/agent/server.ts', 'fastify-has-an-owner'],
    ['a package that is only there for development', 'src/agent/yaml.ts', 'src-does-not-import-development-packages'],
    ['a circle', 'src/core/a.ts', 'no-cycles'],
    ['an import that leads nowhere', 'src/core/c.ts', 'everything-resolves'],
    ['a folder that has no place', 'src/odd/d.ts', 'every-folder-is-a-room'],
  ])('refuse %s', (_what, file, rule) => {
    expect(brokenBy(file)).toEqual([rule]);
  });
});
