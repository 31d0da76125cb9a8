import type { Command } from './command.js';
import type { CommandNode } from './command-tree.js';
import { agentFlags } from './flags/agent-flags.js';
import { type Flags, flagName } from './flags/flag.js';

const WIDTH = 88;

/** The text of `meshwright -help`. */
export function mainHelp(tree: readonly CommandNode[]): string {
  return [
    'Usage: meshwright [-version] [-help] <command> [options] [args]\n\n',
    "A service-mesh control plane that speaks Consul's API and drives Envoy.\n\n",
    'Commands:\n\n',
    commandList(tree),
    '\nFirst steps:\n\n',
    '    $ meshwright dev                    a whole mesh on this machine, to try things out\n',
    '    $ meshwright agent -dev             only the control plane, in memory\n',
    '    $ meshwright <command> -help        options and examples of a command\n',
  ].join('');
}

/** The text of `meshwright kv -help`, and of `meshwright kv` alone. The last node of the path is the group. */
export function groupHelp(path: readonly CommandNode[]): string {
  const name = path.map((node) => node.name).join(' ');
  const group = path.at(-1);
  return [
    `Usage: meshwright ${name} <subcommand> [options] [args]\n\n`,
    `  ${group?.summary ?? ''}.\n\n`,
    'Subcommands:\n\n',
    commandList(group?.children ?? []),
    `\n  Options and examples: meshwright ${name} <subcommand> -help\n`,
  ].join('');
}

/** The text of `meshwright kv put -help`. */
export function commandHelp(path: readonly string[], command: Command): string {
  const name = `meshwright ${path.join(' ')}`;
  return [
    `${`Usage: ${name} ${command.usage}`.trimEnd()}\n\n`,
    `${wrap(command.about, '  ')}\n`,
    'Examples:\n\n',
    ...command.examples.map(({ says, type }) => `${wrap(says, '  ')}    $ meshwright ${type}\n\n`),
    ...(Object.keys(command.flags).length === 0 ? [] : ['Options:\n\n', flagList(command.flags), '\n']),
    ...(command.reachesAgent ? ['Options for reaching the agent:\n\n', flagList(agentFlags)] : []),
  ].join('');
}

/** All flags of a command on one list, as they follow an error about a flag. */
export function flagUsage(command: Command): string {
  const list = flagList({ ...command.flags, ...(command.reachesAgent ? agentFlags : {}) });
  return list === '' ? '' : `Usage:\n${list}`;
}

function commandList(nodes: readonly CommandNode[]): string {
  const width = Math.max(...nodes.map(({ name }) => name.length));
  return nodes.map(({ name, summary }) => `    ${name.padEnd(width)}    ${summary}\n`).join('');
}

function flagList(flags: Flags): string {
  return Object.entries(flags)
    .map(([key, flag]) => [flagName(key), flag] as const)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, flag]) => {
      const value = flag.value === undefined ? '' : ` ${flag.value}`;
      const shown = flag.shownDefault === undefined ? '' : ` The default is ${flag.shownDefault}.`;
      return `  -${name}${value}\n${wrap(flag.about + shown, '      ')}`;
    })
    .join('');
}

/** A text in lines of a readable width, each indented and ended. */
export function wrap(text: string, indent: string): string {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(/\s+/)) {
    if (line !== '' && indent.length + line.length + 1 + word.length > WIDTH) {
      lines.push(line);
      line = '';
    }
    line = line === '' ? word : `${line} ${word}`;
  }
  if (line !== '') lines.push(line);
  return lines.map((one) => `${indent}${one}\n`).join('');
}
