/** Everything a command touches of its process; tests give their own. */
export interface CliIo {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  /** Whether stdout is a terminal on which lines can be redrawn. */
  readonly interactive: boolean;
  /** Width of the terminal in columns; 80 when there is none. */
  readonly columns: number;
  out(text: string): void;
  err(text: string): void;
  /** All of stdin. */
  readStdin(): Promise<Buffer>;
}

/** The real process. A reader that goes away (`| head`) ends the process quietly. */
export function processIo(): CliIo {
  for (const stream of [process.stdout, process.stderr])
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EPIPE') process.exit(0);
      throw error;
    });
  return {
    env: process.env,
    cwd: process.cwd(),
    interactive: process.stdout.isTTY === true && process.env['TERM'] !== 'dumb',
    columns: process.stdout.columns ?? 80,
    out: (text) => void process.stdout.write(text),
    err: (text) => void process.stderr.write(text),
    readStdin: async () => {
      const chunks: Buffer[] = [];
      for await (const chunk of process.stdin) chunks.push(chunk as Buffer);
      return Buffer.concat(chunks);
    },
  };
}
