import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach } from 'vitest';
import { type FakeAgent, type FakeAnswer, type SeenRequest, startFakeAgent } from './fake-agent.js';
import { type CliResult, run, type RunOptions } from './run.js';

/** The command line in a folder of its own beside an agent that answers as the test says; both are new in each test. */
export class CliBesideFakeAgent {
  /** What the agent answers; nothing is there unless the test says so. */
  answer: (request: SeenRequest) => FakeAnswer | undefined = () => undefined;
  #agent: FakeAgent | undefined;
  #folder = '';

  /** Where commands are run, and files of the test belong. */
  get folder(): string {
    return this.#folder;
  }

  /** `host:port` of the agent. */
  get address(): string {
    return this.#running.address;
  }

  /** All that the agent was asked, in order. */
  get seen(): readonly SeenRequest[] {
    return this.#running.seen;
  }

  readonly given = (argv: readonly string[], options: RunOptions = {}): Promise<CliResult> =>
    run(argv, { cwd: this.#folder, ...options, env: { CONSUL_HTTP_ADDR: this.address, ...options.env } });

  readonly meshwright = (...argv: readonly string[]): Promise<CliResult> => this.given(argv);

  readonly lastRequest = (): SeenRequest | undefined => this.seen.at(-1);

  readonly sentBody = (): unknown => JSON.parse(this.lastRequest()?.body ?? 'null');

  async start(): Promise<void> {
    this.answer = () => undefined;
    this.#agent = await startFakeAgent((request) => this.answer(request));
    this.#folder = mkdtempSync(join(tmpdir(), 'meshwright-cli-'));
  }

  /** Nobody listens at the address any more. */
  closeAgent(): Promise<void> {
    return this.#running.close();
  }

  async end(): Promise<void> {
    await this.closeAgent();
    rmSync(this.#folder, { recursive: true, force: true });
  }

  get #running(): FakeAgent {
    if (!this.#agent) throw new Error('the agent of the test has not started');
    return this.#agent;
  }
}

/** A command line beside a fake agent for each test of the file. */
export function besideFakeAgent(): CliBesideFakeAgent {
  const cli = new CliBesideFakeAgent();
  beforeEach(() => cli.start());
  afterEach(() => cli.end());
  return cli;
}
