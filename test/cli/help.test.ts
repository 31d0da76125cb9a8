import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { type CommandNode, commandTree } from '../../src/cli/command-tree.js';
import { assertUnderstood, shellWords } from '../support/command-line.js';
import { run } from './support/run.js';

interface Leaf {
  readonly path: readonly string[];
  readonly node: CommandNode;
}
const leaves = (nodes: readonly CommandNode[], above: readonly string[] = []): readonly Leaf[] =>
  nodes.flatMap((node) =>
    node.children ? leaves(node.children, [...above, node.name]) : [{ path: [...above, node.name], node }],
  );
const all = leaves(commandTree);
const groups = (nodes: readonly CommandNode[], above: readonly string[] = []): readonly string[][] =>
  nodes.flatMap((node) =>
    node.children ? [[...above, node.name], ...groups(node.children, [...above, node.name])] : [],
  );

describe('help', () => {
  test.each(['-help', '--help', '-h', 'help'])('meshwright %s lists every command and ends well', async (word) => {
    const { code, out, err } = await run([word]);
    expect({ code, err }).toEqual({ code: 0, err: '' });
    const width = Math.max(...commandTree.map(({ name }) => name.length));
    for (const { name, summary } of commandTree) expect(out).toContain(`    ${name.padEnd(width)}    ${summary}\n`);
  });

  test('without a command the same goes to stderr, with the exit code of an unknown command', async () => {
    const { code, out, err } = await run([]);
    expect({ code, out }).toEqual({ code: 127, out: '' });
    expect(err).toContain('Usage: meshwright');
  });

  test.each(all.map(({ path }) => path.join(' ')))('%s explains itself with an example', async (name) => {
    const { code, out, err } = await run([...name.split(' '), '-help']);
    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect(out).toMatch(new RegExp(`^Usage: meshwright ${name}\\b`));
    expect(out).toMatch(new RegExp(`^ {4}\\$ meshwright ${name}\\b`, 'm'));
    expect(await run(['help', ...name.split(' ')])).toMatchObject({ code: 0, out });
  });

  test.each(groups(commandTree).map((path) => path.join(' ')))('%s lists its subcommands', async (name) => {
    const { code, out } = await run([...name.split(' '), '-help']);
    expect(code).toBe(0);
    expect(out).toContain(`Usage: meshwright ${name} <subcommand> [options] [args]\n`);
  });

  test('no line is longer than a terminal, but for what is typed', async () => {
    for (const { path } of all) {
      const { out } = await run([...path, '-help']);
      const long = out.split('\n').filter((line) => line.length > 120 && !/^ +\$ /.test(line));
      expect({ path, long }).toEqual({ path, long: [] });
    }
  });

  test('every example is a command line that would be understood', async () => {
    for (const { path, node } of all) {
      const command = await node.load?.();
      for (const { type } of command?.examples ?? []) {
        const words = shellWords((type.split('\n')[0] ?? '').replace(/\s*(?:>>?|<<|\|).*$/, ''));
        expect(words.slice(0, path.length)).toEqual(path);
        await assertUnderstood(words);
      }
    }
  });
});

describe('mistyped commands', () => {
  test.each([
    [['kvv'], 127, 'Did you mean "meshwright kv"?'],
    [['kv', 'pt'], 1, 'Did you mean "meshwright kv put"?'],
    [['intentoin', 'create'], 127, 'Did you mean "meshwright intention"?'],
    [['connect', 'ca', 'get-confg'], 1, 'Did you mean "meshwright connect ca get-config"?'],
  ])('%j', async (argv, code, hint) => {
    const result = await run(argv);
    expect({ code: result.code, out: result.out }).toEqual({ code, out: '' });
    expect(result.err).toContain(hint);
  });

  test('what is like nothing gets a list instead of a guess', async () => {
    const { err } = await run(['xylophone']);
    expect(err).not.toContain('Did you mean');
    expect(err).toContain('Commands:');
  });
});

describe('start-up', () => {
  const main = fileURLToPath(new URL('../../src/main.ts', import.meta.url));

  /** Modules that are loaded before anything is known of the command; `import()` and types do not count. */
  const loadedAtStart = (file: string, seen = new Set<string>()): ReadonlySet<string> => {
    if (seen.has(file)) return seen;
    seen.add(file);
    const text = readFileSync(file, 'utf8');
    for (const [, clause = '', from = ''] of text.matchAll(/^(?:import|export)\s+([^;]*?)\s*from '([^']+)'/gms)) {
      if (clause.startsWith('type ')) continue;
      const named = /^\{([^}]*)\}$/
        .exec(clause)?.[1]
        ?.split(',')
        .map((name) => name.trim())
        .filter(Boolean);
      if (named?.every((name) => name.startsWith('type '))) continue;
      if (!from.startsWith('.')) seen.add(from);
      else loadedAtStart(new URL(from.replace(/\.js$/, '.ts'), `file://${file}`).pathname, seen);
    }
    return seen;
  };

  test('loads no command, no package and no other room', () => {
    const loaded = [...loadedAtStart(main)];
    expect(loaded.filter((name) => !name.startsWith('/')).filter((name) => !name.startsWith('node:'))).toEqual([]);
    expect(loaded.filter((name) => name.startsWith('/') && !existsSync(name))).toEqual([]);
    const files = loaded
      .filter((name) => name.startsWith('/') && name !== main)
      .map((name) => name.replace(/^.*\/src\//, ''));
    expect(files.length).toBeGreaterThan(2);
    expect(files.filter((name) => !/^cli\/[a-z-]+\.ts$/.test(name))).toEqual([]);
  });
});
