import { execFileSync, spawnSync } from 'node:child_process';
import { describe, expect, test } from 'vitest';
import { run } from './support/run.js';

const script = async (shell: string): Promise<string> => (await run(['completion', shell])).out;
const hasShell = (name: string): boolean => spawnSync(name, ['--version']).status === 0;

/** What bash offers when these words are typed, the last of them not finished. */
async function offered(...words: readonly string[]): Promise<readonly string[]> {
  const typed = ['meshwright', ...words].map((word) => `'${word}'`).join(' ');
  const ask = `${await script('bash')}\nCOMP_WORDS=(${typed}); COMP_CWORD=${words.length}; _meshwright; printf '%s\\n' "\${COMPREPLY[@]}"`;
  return execFileSync('bash', ['-c', ask]).toString().trim().split('\n').filter(Boolean);
}

describe('completion in bash', () => {
  test('of commands', async () => {
    expect(await offered('ca')).toEqual(['catalog']);
    expect(await offered('kv', '')).toEqual(['delete', 'export', 'get', 'import', 'list', 'put']);
    expect(await offered('connect', 'ca', 'g')).toEqual(['get-config']);
  });

  test('of flags, those for the agent too', async () => {
    expect(await offered('kv', 'put', '-mod')).toEqual(['-modify-index']);
    expect(await offered('kv', 'put', '-cas', '-http')).toEqual(['-http-addr']);
    expect(await offered('version', '-http')).toEqual([]);
  });
});

describe('scripts', () => {
  test.each(['bash', 'zsh', 'fish'])('for %s name every command', async (shell) => {
    const text = await script(shell);
    for (const name of ['catalog', 'intention', 'get-config', 'proxies', 'sidecar-for']) expect(text).toContain(name);
  });

  test.each(['zsh', 'fish'].filter(hasShell))('for %s are valid', async (shell) => {
    expect(spawnSync(shell, ['-n'], { input: await script(shell) }).status).toBe(0);
  });

  test('for a shell that is not known there is none', async () => {
    expect(await run(['completion', 'csh'])).toEqual({ code: 1, out: '', err: 'Name the shell: bash, zsh or fish.\n' });
    expect((await run(['completion'])).code).toBe(1);
  });
});
