import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { root } from '../../scripts/lib/run.mjs';
import { readConfigEntry } from '../../src/cli/commands/config-file.js';
import { checkedConfigEntry, decodeConfigEntry } from '../../src/model/config-entries/index.js';
import { assertUnderstood, shellWords } from '../support/command-line.js';

const documents = [
  'README.md',
  'CONTRIBUTING.md',
  ...readdirSync(join(root, 'docs')).map((name) => `docs/${name}`),
].filter((name) => name.endsWith('.md') && existsSync(join(root, name)));
const scripts = (JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { scripts: Record<string, string> })
  .scripts;

/** The lines of code blocks; a line that ends in a backslash goes on, what a here-document holds is left out. */
function commandLines(text: string): string[] {
  const out: string[] = [];
  for (const [, block = ''] of text.matchAll(/^```(?:sh|shell|console|bash)?\n([\s\S]*?)^```/gm)) {
    const joined = block.replace(/\\\n\s*/g, ' ').replace(/<<-?\s*'?(\w+)'?(.*)\n[\s\S]*?\n\s*\1$/gm, '$2');
    out.push(...joined.split('\n').map((line) => line.replace(/^\s*\$ /, '').trim()));
  }
  for (const [, line = ''] of text.matchAll(/^ {4}(\S.*)$/gm)) out.push(line);
  for (const [, line = ''] of text.matchAll(/`((?:npx )?meshwright [^`\n]+|npm [^`\n]+)`/g)) out.push(line);
  return out;
}

/** What `config write -` is given by here-documents. */
const writtenEntries = (text: string): string[] =>
  [...text.matchAll(/config write -[^\n]*<<-?\s*'?(\w+)'?\n([\s\S]*?)\n\s*\1$/gm)].map(([, , body = '']) => body);

/** The simple commands of a line: what stands between pipes, `&&` and `;`, without redirections and variables in front. */
const simpleCommands = (line: string): string[][] =>
  line
    .split(/\s(?:\||&&|;|\|\||&)(?:\s|$)/)
    .map((part) => shellWords(part.replace(/\s\d?>{1,2}\s*\S+/g, '').replace(/\s<\s*\S+/g, '')))
    .map((words) => words.slice(words.findIndex((word) => !/^[A-Z_]+=/.test(word))));

function meshwrightWords(words: string[]): string[] | undefined {
  const at = words[0] === 'npx' ? 1 : 0;
  return words[at] === 'meshwright' && !words.some((word) => word.includes('…') || word.includes('...'))
    ? words.slice(at + 1)
    : undefined;
}

describe.each(documents)('%s', (name) => {
  const text = readFileSync(join(root, name), 'utf8');
  const commands = commandLines(text).flatMap(simpleCommands);

  it('names commands and flags that exist', async () => {
    const wrong: string[] = [];
    for (const words of commands) {
      const ours = meshwrightWords(words);
      if (!ours) continue;
      await assertUnderstood(ours).catch((error: unknown) => wrong.push(`${words.join(' ')}: ${String(error)}`));
    }
    expect(wrong).toEqual([]);
  });

  it('writes config entries that are accepted', () => {
    const refused = writtenEntries(text).flatMap((entry) => {
      try {
        checkedConfigEntry(decodeConfigEntry(readConfigEntry(entry, name).body));
        return [];
      } catch (error) {
        return [`${entry}\n${String(error)}`];
      }
    });
    expect(refused).toEqual([]);
  });

  it('names npm scripts that exist', () => {
    const wrong = commands
      .filter((words) => words[0] === 'npm')
      .map((words) => (words[1] === 'run' ? words[2] : words[1]) ?? '')
      .filter((script) => !['ci', 'install', 'version', 'pack', ...Object.keys(scripts)].includes(script));
    expect(wrong).toEqual([]);
  });

  it('links to files that exist', () => {
    const links = [...text.matchAll(/\]\((?!https?:|#|mailto:)([^)#\s]+)/g)].map(([, link = '']) => link);
    const missing = links.filter((link) => !existsSync(join(root, dirname(name), link)));
    expect(missing).toEqual([]);
  });
});

describe('the README', () => {
  it('is there and says how to start', () => {
    const readme = readFileSync(join(root, 'README.md'), 'utf8');
    expect(commandLines(readme).some((line) => line.startsWith('npm start'))).toBe(true);
    expect(commandLines(readme).some((line) => line.startsWith('npm test'))).toBe(true);
    expect(writtenEntries(readme).length).toBeGreaterThan(0);
  });
});
