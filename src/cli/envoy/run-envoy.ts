import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { get } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { exitCodeOf } from '../exit-code.js';

export interface RunEnvoyOptions {
  readonly binary: string;
  readonly bootstrap: object;
  /** Arguments of the user, behind ours. */
  readonly args: readonly string[];
  /** Where Envoy's admin port will be: once it answers, the bootstrap has been read. */
  readonly admin: { readonly host: string; readonly port: number };
}

const FORWARDED = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
const LONGEST_READ_MS = 30_000;
const LOOK_EVERY_MS = 50;
const LOOK_TIMEOUT_MS = 1000;

/**
 * Runs Envoy in place of this process: its input and output are ours, signals go to it, and its exit code is ours.
 * The bootstrap, which can hold a token, is in a file that only we can read, and is deleted once Envoy has it.
 */
export async function runEnvoy(options: RunEnvoyOptions): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), 'meshwright-envoy-'));
  const file = join(folder, 'bootstrap.json');
  const removeFile = () => rmSync(folder, { recursive: true, force: true });
  writeFileSync(file, JSON.stringify(options.bootstrap), { mode: 0o600 });
  const child = spawn(options.binary, ['--config-path', file, ...options.args], { stdio: 'inherit' });
  const forward = (signal: NodeJS.Signals) => void child.kill(signal);
  for (const signal of FORWARDED) process.on(signal, forward);
  const stopWaiting = whenRead(options.admin, file, removeFile);
  try {
    return await new Promise((resolve, reject) => {
      child.on('error', (error) => reject(new Error(`Envoy could not be started: ${error.message}`)));
      child.on('close', (code, signal) => resolve(exitCodeOf(code, signal)));
    });
  } finally {
    stopWaiting();
    for (const signal of FORWARDED) process.off(signal, forward);
    removeFile();
  }
}

/** Calls back once the Envoy that was given `file` answers, or when it is time to give up waiting. Returns how to stop. */
function whenRead(at: { readonly host: string; readonly port: number }, file: string, then: () => void): () => void {
  const startedAt = Date.now();
  let isStopped = false;
  const look = async () => {
    const isRead = await hasRead(at, file);
    if (isStopped) return;
    if (isRead || Date.now() - startedAt > LONGEST_READ_MS) then();
    else timer = setTimeout(() => void look(), LOOK_EVERY_MS);
  };
  let timer = setTimeout(() => void look(), LOOK_EVERY_MS);
  return () => {
    isStopped = true;
    clearTimeout(timer);
  };
}

/** Whether the admin interface is that of an Envoy with this bootstrap: another program may have the port. */
function hasRead(at: { readonly host: string; readonly port: number }, file: string): Promise<boolean> {
  return new Promise((resolve) => {
    const request = get(
      { host: at.host, port: at.port, path: '/server_info', timeout: LOOK_TIMEOUT_MS },
      (response) => {
        let text = '';
        response.setEncoding('utf8');
        response.on('data', (chunk: string) => {
          text += chunk;
        });
        response.on('end', () => resolve(text.includes(JSON.stringify(file))));
        response.on('error', () => resolve(false));
      },
    );
    request.on('timeout', () => request.destroy());
    request.on('error', () => resolve(false));
  });
}

/** The arguments that every Envoy of ours starts with, unless the user gave his own (envoy-facts.md 6.3, 13). */
export function envoyArguments(
  userArgs: readonly string[],
  drain: { readonly timeS: number; readonly strategy: string },
): readonly string[] {
  const has = (name: string) => userArgs.some((word) => word === name || word.startsWith(`${name}=`));
  return [
    ...(has('--disable-hot-restart') ? [] : ['--disable-hot-restart']),
    ...(has('--drain-time-s') ? [] : ['--drain-time-s', String(drain.timeS)]),
    ...(has('--drain-strategy') ? [] : ['--drain-strategy', drain.strategy]),
    ...userArgs,
  ];
}

/** The drain time that the user's own arguments set, in seconds; undefined when they do not. */
export function userDrainTimeS(userArgs: readonly string[]): number | undefined {
  const at = userArgs.findIndex((word) => word === '--drain-time-s' || word.startsWith('--drain-time-s='));
  if (at < 0) return undefined;
  const text = userArgs[at]?.includes('=') ? userArgs[at]?.split('=')[1] : userArgs[at + 1];
  return text !== undefined && /^\d+$/.test(text) ? Number(text) : undefined;
}
