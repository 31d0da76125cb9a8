import type { Command } from './command.js';
import { type CommandNode, commandTree } from './command-tree.js';
import type { CliIo } from './io.js';

/** What shells expect of a program that was given no command it knows. */
const UNKNOWN_COMMAND = 127;

const HELP: readonly string[] = ['-h', '-help', '--help'];
const VERSION: readonly string[] = ['-v', '-version', '--version'];

/**
 * Finds the command that the arguments name and runs it. Resolves to the exit code: 0 done, 1 error, 2 where a command
 * says so (consul-behaviour.md 3.3), 127 for an unknown command. Never throws.
 */
export async function runCli(argv: readonly string[], io: CliIo): Promise<number> {
  const [first = '', ...others] = argv;
  if (first === 'help') return runCli(others.length === 0 ? ['-help'] : [...others, '-help'], io);
  if (HELP.includes(first) || first === '') {
    const { mainHelp } = await import('./help.js');
    (first === '' ? io.err : io.out)(mainHelp(commandTree));
    return first === '' ? UNKNOWN_COMMAND : 0;
  }
  if (VERSION.includes(first)) return runCli(['version', ...others], io);
  return descend(commandTree, [], argv, io);
}

async function descend(
  nodes: readonly CommandNode[],
  above: readonly CommandNode[],
  argv: readonly string[],
  io: CliIo,
): Promise<number> {
  const [word = '', ...rest] = argv;
  const node = nodes.find(({ name }) => name === word);
  if (node === undefined) return unknownCommand(nodes, above, word, io);
  const path = [...above, node];
  if (node.passArguments)
    return node.passArguments(rest, io.out).catch((thrown: unknown) => complain(thrown, undefined, io));
  if (node.load)
    return runCommand(
      path.map(({ name }) => name),
      node.load,
      rest,
      io,
    );

  const next = rest[0] ?? '';
  const wantsHelp = HELP.includes(next);
  if (wantsHelp || (node.otherwise === undefined && (next === '' || next.startsWith('-')))) {
    const { groupHelp } = await import('./help.js');
    (wantsHelp ? io.out : io.err)(groupHelp(path));
    return wantsHelp ? 0 : 1;
  }
  const named = next !== '' && !next.startsWith('-');
  return descend(node.children ?? [], path, named ? rest : [node.otherwise ?? '', ...rest], io);
}

async function runCommand(
  path: readonly string[],
  load: () => Promise<Command>,
  argv: readonly string[],
  io: CliIo,
): Promise<number> {
  const command = await load();
  try {
    const { prepareInvocation } = await import('./prepare-invocation.js');
    const invocation = prepareInvocation(command, argv, io);
    if (invocation !== 'help') return await command.run(invocation);
    const { commandHelp } = await import('./help.js');
    io.out(commandHelp(path, command));
    return 0;
  } catch (thrown) {
    return complain(thrown, command, io);
  }
}

/** Says in one sentence what went wrong; a wrong flag is followed by a list of the right ones. */
async function complain(thrown: unknown, command: Command | undefined, io: CliIo): Promise<number> {
  const { UsageError } = await import('./usage-error.js');
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  if (!(thrown instanceof UsageError)) io.err(`Error: ${message}\n`);
  else {
    const { flagUsage } = await import('./help.js');
    io.err(`${message}\n${thrown.aboutFlags && command !== undefined ? flagUsage(command) : ''}`);
  }
  return 1;
}

async function unknownCommand(
  nodes: readonly CommandNode[],
  above: readonly CommandNode[],
  word: string,
  io: CliIo,
): Promise<number> {
  const { nearest } = await import('./nearest.js');
  const { groupHelp, mainHelp } = await import('./help.js');
  const prefix = ['meshwright', ...above.map(({ name }) => name)].join(' ');
  const meant = nearest(
    word,
    nodes.map(({ name }) => name),
  );
  io.err(
    `"${word}" is not a command of ${prefix}.${meant === undefined ? '' : ` Did you mean "${prefix} ${meant}"?`}\n\n`,
  );
  io.err(above.length === 0 ? mainHelp(commandTree) : groupHelp(above));
  return above.length === 0 ? UNKNOWN_COMMAND : 1;
}
