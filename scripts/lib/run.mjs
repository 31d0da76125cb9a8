// Child processes for scripts: one way to run something and to say how it went.
import { spawn } from 'node:child_process';
import { realpathSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The top folder of the project. */
export const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');

/** Whether the module with this `import.meta.url` was started as a program. */
export const isMain = (url) => process.argv[1] !== undefined && fileURLToPath(url) === realpathSync(process.argv[1]);

/** Runs a command with our own stdin, stdout and stderr; resolves to its exit code (128 + n after signal n, 127 if it cannot start). */
export function runVisible(command, args, options = {}) {
  return new Promise((resolve) => {
    const child = spawn(command, args, { cwd: root, stdio: 'inherit', ...options });
    // From a terminal the child hears of it too; a signal to us alone must not leave it behind.
    const forward = (signal) => child.kill(signal);
    for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, forward);
    child.on('close', () => {
      for (const signal of ['SIGINT', 'SIGTERM']) process.off(signal, forward);
    });
    child.on('error', (error) => {
      console.error(`cannot start ${command}: ${error.message}`);
      resolve(127);
    });
    child.on('close', (code, signal) => resolve(code ?? (signal === 'SIGINT' ? 130 : 143)));
  });
}

/** Runs a command and collects what it prints; resolves to { code, out, text }: `text` has stdout and stderr in order. */
export function runQuiet(command, args, options = {}) {
  return new Promise((resolve) => {
    const child = spawn(command, args, { cwd: root, stdio: ['ignore', 'pipe', 'pipe'], ...options });
    const out = [];
    const all = [];
    child.stdout.on('data', (part) => {
      out.push(part);
      all.push(part);
    });
    child.stderr.on('data', (part) => all.push(part));
    child.on('error', (error) => resolve({ code: 127, out: '', text: `cannot start ${command}: ${error.message}` }));
    child.on('close', (code) =>
      resolve({ code: code ?? 143, out: Buffer.concat(out).toString(), text: Buffer.concat(all).toString() }),
    );
  });
}
