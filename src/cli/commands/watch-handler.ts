import { spawn } from 'node:child_process';
import type { Seen } from '../../watches/index.js';
import { spawnWords } from '../spawn-words.js';

export interface Handler {
  /** The words of the command line. */
  readonly command: readonly string[];
  /** Give the words, joined, to a shell. */
  readonly shell: boolean;
  readonly byHash: boolean;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
}

/**
 * Runs a handler with what was seen as JSON on its stdin and the index in CONSUL_INDEX (CONSUL_HASH for what is watched by its hash).
 * Resolves when it has ended. Rejects when it cannot be started or fails.
 */
export function runHandler({ command, shell, byHash, env, cwd }: Handler, { json, index }: Seen): Promise<void> {
  const { program, args } = spawnWords(command, shell);
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      cwd,
      env: { ...env, [byHash ? 'CONSUL_HASH' : 'CONSUL_INDEX']: index },
      stdio: ['pipe', 'inherit', 'inherit'],
    });
    child.once('error', reject);
    child.once('close', (code, signal) => {
      if (code === 0) resolve();
      else reject(new Error(signal === null ? `exit status ${code}` : `signal: ${signal}`));
    });
    // A handler need not read.
    child.stdin.on('error', () => undefined);
    child.stdin.end(`${json}\n`);
  });
}
