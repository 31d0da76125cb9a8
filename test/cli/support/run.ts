import { runCli } from '../../../src/cli/index.js';

export interface CliResult {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

export interface RunOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly stdin?: string;
  readonly cwd?: string;
}

/** Runs the command line in this process and keeps what it prints. */
export async function run(argv: readonly string[], options: RunOptions = {}): Promise<CliResult> {
  let out = '';
  let err = '';
  const code = await runCli(argv, {
    env: options.env ?? {},
    cwd: options.cwd ?? process.cwd(),
    interactive: false,
    columns: 80,
    out: (text) => void (out += text),
    err: (text) => void (err += text),
    readStdin: async () => Buffer.from(options.stdin ?? ''),
  });
  return { code, out, err };
}
