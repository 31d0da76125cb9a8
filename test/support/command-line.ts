import { parseAgentArguments } from '../../src/agent/config/arguments.js';
import { type CommandNode, commandTree } from '../../src/cli/command-tree.js';
import type { CliIo } from '../../src/cli/io.js';
import { prepareInvocation } from '../../src/cli/prepare-invocation.js';

const silent: CliIo = {
  env: {},
  cwd: '.',
  interactive: false,
  columns: 80,
  out: () => {},
  err: () => {},
  readStdin: async () => Buffer.alloc(0),
};

/** Splits a line of shell into words; quotes group, and a comment ends the line. Variables stay as they are written. */
export function shellWords(line: string): string[] {
  const words: string[] = [];
  let word: string | undefined;
  let quote = '';
  for (let i = 0; i < line.length; i++) {
    const char = line[i] as string;
    if (quote) {
      if (char === quote) quote = '';
      else word = (word ?? '') + char;
    } else if (char === '"' || char === "'") {
      quote = char;
      word ??= '';
    } else if (char === '\\') word = (word ?? '') + (line[++i] ?? '');
    else if (/\s/.test(char)) {
      if (word !== undefined) words.push(word);
      word = undefined;
    } else if (char === '#' && word === undefined) break;
    else word = (word ?? '') + char;
  }
  if (word !== undefined) words.push(word);
  return words;
}

/**
 * Checks that the command line would know what to do with these words (without `meshwright` itself): the command exists, its
 * flags do, and it takes that many arguments. Throws an error that says what it does not know.
 */
export async function assertUnderstood(words: readonly string[]): Promise<void> {
  let nodes: readonly CommandNode[] = commandTree;
  let rest = [...words];
  const path: string[] = [];
  if (['-help', '--help', '-version', '--version', 'help'].includes(rest[0] ?? '')) return;
  for (;;) {
    const node = nodes.find(({ name }) => name === rest[0]);
    if (!node) throw new Error(`no command is called "${[...path, rest[0] ?? ''].join(' ').trim()}"`);
    path.push(node.name);
    rest = rest.slice(1);
    if (node.passArguments) {
      parseAgentArguments(rest);
      return;
    }
    if (node.load) {
      prepareInvocation(await node.load(), rest, silent);
      return;
    }
    if (rest[0] === '-help') return;
    if ((rest[0] === undefined || rest[0].startsWith('-')) && node.otherwise) rest = [node.otherwise, ...rest];
    nodes = node.children ?? [];
  }
}
