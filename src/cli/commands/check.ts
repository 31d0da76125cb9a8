import { resolve } from 'node:path';
import type { CheckContext, Finding, InstallationCheck } from '../check/installation-check.js';
import { defineCommand } from '../command.js';
import { messageOf, refuse } from '../failure.js';
import { choiceFlag, listFlag, textFlag } from '../flags/flag.js';
import { printJson } from '../json.js';

const WORDS = { fine: 'ok', problem: 'FAIL', warning: 'warn', skipped: 'skip' } as const;

/** `check`. */
export const check = defineCommand({
  usage: '[options]',
  about:
    'Looks for what is wrong with an installation, or soon will be, and says what to do. Every check has a name, which docs/installation-checks.md explains. ' +
    'The exit code is 2 when something needs somebody soon, else 0.',
  examples: [
    { says: 'All checks:', type: 'check -data-dir=/var/lib/meshwright -config-file=/etc/meshwright.d' },
    { says: 'Some of them:', type: 'check -only=no-quorum -only=root-expires' },
  ],
  flags: {
    dataDir: textFlag('Data directory of the server on this machine.', 'path'),
    configFile: listFlag(
      'Configuration file of the agent on this machine, or a directory of them; can be given several times.',
      'path',
    ),
    only: listFlag('Only the check of this name; can be given several times.', 'name'),
    format: choiceFlag('How to print it.', ['pretty', 'json'], 'pretty'),
  },
  maxArgs: 0,
  reachesAgent: true,
  run: async ({ agent, flags, io }) => {
    const { allChecks } = await import('../check/all-checks.js');
    const unknown = flags.only.filter((name) => !allChecks.some(({ id }) => id === name));
    if (unknown.length > 0)
      return refuse(io, `There is no check "${unknown[0]}": there are ${allChecks.map(({ id }) => id).join(', ')}`);
    const wanted = allChecks.filter(({ id }) => flags.only.length === 0 || flags.only.includes(id));
    const dataDir = flags.dataDir === '' ? '' : resolve(io.cwd, flags.dataDir);
    const files = flags.configFile.map((path) => resolve(io.cwd, path));
    const context: CheckContext = { agent, dataDir, configuration: once(files), nowMs: () => Date.now() };
    const results: (readonly [InstallationCheck, Finding])[] = [];
    for (const one of wanted) results.push([one, await found(one, context)]);
    io.out(flags.format === 'json' ? asJson(results) : asText(results));
    return results.some(([, { state }]) => state === 'problem') ? 2 : 0;
  },
});

/** The files are read when the first check asks for them. */
function once(files: readonly string[]): CheckContext['configuration'] {
  let reading: ReturnType<CheckContext['configuration']> | undefined;
  return () => (reading ??= read(files));
}

async function read(files: readonly string[]): ReturnType<CheckContext['configuration']> {
  if (files.length === 0) return undefined;
  const { readConfiguration } = await import('../agent/read-configuration.js');
  return readConfiguration(files);
}

/** A check that cannot be done has found something. */
async function found(one: InstallationCheck, context: CheckContext): Promise<Finding> {
  try {
    return await one.run(context);
  } catch (thrown) {
    return { state: 'problem', says: messageOf(thrown) };
  }
}

function asText(results: readonly (readonly [InstallationCheck, Finding])[]): string {
  return results
    .flatMap(([{ id, about, fix }, finding]) => {
      const first = `${WORDS[finding.state].padEnd(4)}  ${id}: ${about}`;
      if (finding.state === 'fine') return [first];
      if (finding.state === 'skipped') return [first, `      ${finding.says}`];
      return [first, `      ${finding.says}`, `      ${fix}`];
    })
    .map((text) => `${text}\n`)
    .join('');
}

function asJson(results: readonly (readonly [InstallationCheck, Finding])[]): string {
  const shown = results.map(([{ id, about, fix }, finding]) => ({
    ID: id,
    About: about,
    State: finding.state,
    Finding: finding.state === 'fine' ? '' : finding.says,
    Fix: fix,
    Docs: `docs/installation-checks.md#${id}`,
  }));
  return `${printJson(shown, '    ')}\n`;
}
