import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

type Reply = Readonly<Record<string, unknown>>;

export interface ChildOptions {
  readonly args?: readonly string[];
  readonly execArgv?: readonly string[];
  readonly env?: NodeJS.ProcessEnv;
  readonly showOutput?: boolean;
  /** The script answers questions of its own, not only those of the probe. */
  readonly answers?: boolean;
}

/** A child process that answers questions over IPC. */
export class Child {
  readonly process: ChildProcess;
  readonly #pending = new Map<number, { resolve: (reply: Reply) => void; reject: (error: Error) => void }>();
  #lastId = 0;
  #output = '';
  readonly #ready: Promise<void>;

  constructor(
    script: string,
    { args = [], execArgv = [], env = {}, showOutput = false, answers = false }: ChildOptions = {},
  ) {
    this.process = spawn(process.execPath, [...execArgv, script, ...args], {
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    });
    for (const stream of [this.process.stdout, this.process.stderr]) {
      stream?.on('data', (chunk: Buffer) => {
        this.#output = (this.#output + chunk.toString()).slice(-20_000);
        if (showOutput) process.stderr.write(chunk);
      });
    }
    this.#ready = answers
      ? new Promise((resolve) => this.process.on('message', (message: Reply) => message.ready === true && resolve()))
      : Promise.resolve();
    this.process.on('message', (reply: Reply) => {
      const waiting = this.#pending.get(reply.id as number);
      this.#pending.delete(reply.id as number);
      if (reply.error === undefined) waiting?.resolve(reply);
      else waiting?.reject(new Error(String(reply.error)));
    });
    this.process.on('exit', (code) => {
      for (const { reject } of this.#pending.values())
        reject(new Error(`${script} ended with ${code}:\n${this.#output}`));
      this.#pending.clear();
    });
  }

  get output(): string {
    return this.#output;
  }

  async ask(question: object): Promise<Reply> {
    await this.#ready;
    const id = ++this.#lastId;
    return new Promise((resolve, reject) => {
      this.#pending.set(id, { resolve, reject });
      this.process.send({ id, ...question }, (error) => error && reject(error));
    });
  }

  async stop(): Promise<void> {
    if (this.process.exitCode !== null || this.process.signalCode !== null) return;
    const gone = new Promise((resolve) => this.process.once('exit', resolve));
    this.process.kill('SIGTERM');
    const timer = setTimeout(() => this.process.kill('SIGKILL'), 3_000);
    await gone;
    clearTimeout(timer);
  }
}

export const here = (name: string): string => fileURLToPath(new URL(name, import.meta.url));

/** Arguments that let node run a TypeScript file of the tests, with garbage collection on demand and the probe inside. */
export const measured = ['--expose-gc', '--import', here('./probe.mjs')];
export const typescript = ['--import', 'tsx'];

/** Answers questions of the parent with what `handle` returns. */
export function answerQuestions(
  handle: (question: Readonly<Record<string, unknown>>) => Promise<object> | object,
): void {
  process.on('disconnect', () => process.exit());
  process.on('message', (question: Readonly<Record<string, unknown>>) => {
    if (question.probe !== undefined) return;
    void Promise.resolve()
      .then(() => handle(question))
      .then(
        (reply) => process.send?.({ id: question.id, ...reply }),
        (error: Error) => process.send?.({ id: question.id, error: error.stack ?? error.message }),
      );
  });
  process.send?.({ ready: true });
}
