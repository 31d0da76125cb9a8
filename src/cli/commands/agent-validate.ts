import { readFileSync, statSync } from 'node:fs';
import { hostname } from 'node:os';
import { resolve } from 'node:path';
import { defineCommand } from '../command.js';
import { messageOf, refuse } from '../failure.js';
import { fileProblem } from '../files.js';
import { choiceFlag, switchFlag } from '../flags/flag.js';

/** `validate`: would an agent start with these files? Loads the agent's own reader when it runs. */
export const agentValidate = defineCommand({
  usage: '[options] FILE_OR_DIRECTORY…',
  about: 'Checks configuration files of an agent in HCL or JSON, as the agent itself would read them.',
  examples: [{ says: 'A directory of files:', type: 'validate /etc/meshwright.d' }],
  flags: {
    configFormat: choiceFlag('Format of the files, where their names do not say it.', ['', 'hcl', 'json'], ''),
    quiet: switchFlag('Print nothing when all is well.'),
  },
  maxArgs: Number.MAX_SAFE_INTEGER,
  reachesAgent: false,
  run: async ({ args, flags, io }) => {
    if (args.length === 0) return refuse(io, 'Must specify at least one config file or directory');
    for (const name of args) {
      try {
        if (!statSync(resolve(io.cwd, name)).isDirectory()) readFileSync(resolve(io.cwd, name));
      } catch (thrown) {
        return refuse(io, `Config validation failed: config: Open failed on ${name}. ${fileProblem(thrown, name)}`);
      }
    }
    try {
      const { loadAgentConfig } = await import('../../agent/config/index.js');
      const files = args.map((name) => resolve(io.cwd, name));
      const format = flags.configFormat === '' ? [] : ['-config-format', flags.configFormat];
      const { withoutEffect, warnings } = loadAgentConfig(
        [...format, ...files.flatMap((file) => ['-config-file', file])],
        hostname(),
      );
      if (!flags.quiet) {
        if (withoutEffect.length > 0) io.err(`without effect in this version: ${withoutEffect.join(', ')}\n`);
        for (const warning of warnings) io.err(`${warning}\n`);
      }
    } catch (thrown) {
      return refuse(
        io,
        `Config validation failed: failed to parse ${explained(shownNames(messageOf(thrown), args, io.cwd))}`,
      );
    }
    if (!flags.quiet) io.out('Configuration is valid!\n');
    return 0;
  },
});

/** The names as they were typed, not the whole paths. */
const shownNames = (message: string, names: readonly string[], cwd: string): string =>
  names.reduce((text, name) => text.replaceAll(resolve(cwd, name), name), message);

/** Problems with keys and values, each on a line of its own, as Go programs list them; other messages as they are. */
function explained(message: string): string {
  const [, file, list] = /^(.*?): ("[^"]*" (?:is not a known field|must be ).*)$/s.exec(message) ?? [];
  if (file === undefined || list === undefined) return message;
  const problems = list.split(/; (?=")/);
  const unknown = problems.map((problem) => /^"(.*)" is not a known field(.*)$/.exec(problem));
  const count = `${problems.length} error${problems.length === 1 ? '' : 's'}`;
  return unknown.every((found) => found !== null)
    ? `${file}: ${count} occurred:\n${unknown.map(([, key, line]) => `\t* invalid config key ${key}${line}\n`).join('')}\n`
    : `${file}: ${count} decoding:\n\n${problems.map((problem) => `* ${problem}`).join('\n')}`;
}
