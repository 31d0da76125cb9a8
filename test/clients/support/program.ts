import { spawn, spawnSync } from 'node:child_process';

/** Whether a program can be started by its name. */
export const isInstalled = (program: string, probe = '-v'): boolean =>
  spawnSync(program, [probe], { stdio: 'ignore' }).error === undefined;

export interface ProgramResult {
  readonly code: number | null;
  readonly output: string;
}

/** Runs a program to its end; what it wrote to both its outputs. It is killed after `limitMs`. */
export function runProgram(
  program: string,
  args: readonly string[],
  { env = {}, cwd, limitMs = 60_000 }: { env?: NodeJS.ProcessEnv; cwd?: string; limitMs?: number } = {},
): Promise<ProgramResult> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      env: { ...process.env, ...env },
      ...(cwd === undefined ? {} : { cwd }),
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let output = '';
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding('utf8').on('data', (text: string) => (output += text));
    const timer = setTimeout(() => child.kill('SIGKILL'), limitMs);
    child.once('error', (error) => {
      clearTimeout(timer);
      reject(error);
    });
    child.once('close', (code) => {
      clearTimeout(timer);
      resolve({ code, output });
    });
  });
}

/** A first build on a busy machine fetches and compiles all modules. */
export const GO_BUILD_MS = 180_000;

/** Builds a Go program; `unreachable` when its modules cannot be fetched. Throws when it does not build. */
export async function buildGo(source: string, program: string): Promise<'built' | 'unreachable'> {
  const { code, output } = await runProgram('go', ['build', '-o', program, '.'], { cwd: source, limitMs: GO_BUILD_MS });
  if (code === 0) return 'built';
  if (/dial tcp|proxyconnect|no such host|i\/o timeout|connection refused|TLS handshake/.test(output))
    return 'unreachable';
  throw new Error(`the Go program in ${source} does not build:\n${output}`);
}
