import { Agent, request } from 'undici';
import type { CheckDefinition } from '../../model/definitions/index.js';
import { OutputTail } from './check-output.js';
import type { CheckResult, Probe } from './check-runner.js';
import { statusOfExit } from './script.js';
import { connectProblem } from './target.js';

const DEFAULT_HOST = 'unix:///var/run/docker.sock';
const FRAME_HEADER_BYTES = 8;
const LARGEST_ANSWER_BYTES = 1024 * 1024;

/**
 * Runs `args` inside a container by the Docker Engine's API: exit code 0 is passing, 1 warning, all else critical
 * (consul-behaviour 2.5). With `shell` the arguments are its command line. `host` is what DOCKER_HOST means.
 */
export function createDockerProbe(
  definition: CheckDefinition,
  outputLimit: number,
  host = process.env['DOCKER_HOST'] ?? DEFAULT_HOST,
): Probe & { close(): void } {
  const engine = new DockerEngine(host);
  const container = definition.dockerContainerId;
  let unfinished = '';
  const critical = (reason: string): CheckResult => ({
    status: 'critical',
    output: `Docker check of container ${container}: ${reason}`,
  });

  const probe: Probe = async (signal) => {
    try {
      // The engine cannot end what it started: a command that went over its time is left alone until it is done.
      if (unfinished !== '' && (await engine.inspect(unfinished, signal)).running)
        return critical('the command of an earlier check still runs');
      unfinished = await engine.create(container, commandLine(definition), signal);
      const output = await engine.start(unfinished, outputLimit, signal);
      const { exitCode } = await engine.inspect(unfinished, signal);
      unfinished = '';
      return { status: statusOfExit(exitCode), output };
    } catch (thrown) {
      return critical(signal.aborted ? 'context deadline exceeded' : connectProblem(thrown));
    }
  };
  return Object.assign(probe, { close: () => engine.close() });
}

/** One argument is a line for the shell; several are a command and its arguments, which the shell must not read again. */
function commandLine({ args, shell }: CheckDefinition): readonly string[] {
  if (shell === '') return args;
  return args.length === 1 ? [shell, '-c', args[0] ?? ''] : [shell, '-c', '"$0" "$@"', ...args];
}

/** The three calls of the Docker Engine's API that running a command takes. */
class DockerEngine {
  readonly #agent: Agent;
  readonly #origin: string;

  constructor(host: string) {
    const socketPath = host.startsWith('unix://') ? host.slice('unix://'.length) : undefined;
    this.#agent = new Agent({ pipelining: 0, connect: socketPath === undefined ? {} : { socketPath } });
    this.#origin = socketPath === undefined ? host.replace(/^tcp:/, 'http:').replace(/\/+$/, '') : 'http://docker';
  }

  async create(container: string, command: readonly string[], signal: AbortSignal): Promise<string> {
    const path = `/containers/${encodeURIComponent(container)}/exec`;
    const body = { AttachStdout: true, AttachStderr: true, Cmd: command };
    const { Id: id } = (await this.#json('POST', path, signal, body)) as { Id?: unknown };
    if (typeof id !== 'string' || id === '') throw new Error('the Docker engine gave no id for the command');
    return id;
  }

  /** Resolves with the output when the command has ended. */
  async start(id: string, outputLimit: number, signal: AbortSignal): Promise<string> {
    const path = `/exec/${encodeURIComponent(id)}/start`;
    const { statusCode, body } = await this.#call('POST', path, signal, { Detach: false, Tty: false });
    if (statusCode >= 300) throw new Error(await problemOf(statusCode, body));
    const tail = new OutputTail(outputLimit);
    for await (const payload of unframed(body)) tail.push(payload);
    return tail.text();
  }

  async inspect(id: string, signal: AbortSignal): Promise<{ running: boolean; exitCode: number | undefined }> {
    const { Running: running, ExitCode: code } = (await this.#json(
      'GET',
      `/exec/${encodeURIComponent(id)}/json`,
      signal,
    )) as { Running?: unknown; ExitCode?: unknown };
    return { running: running === true, exitCode: typeof code === 'number' ? code : undefined };
  }

  close(): void {
    void this.#agent.destroy();
  }

  async #json(method: 'GET' | 'POST', path: string, signal: AbortSignal, given?: object): Promise<object> {
    const { statusCode, body } = await this.#call(method, path, signal, given);
    if (statusCode >= 300) throw new Error(await problemOf(statusCode, body));
    const parsed: unknown = JSON.parse(await limitedText(body));
    return typeof parsed === 'object' && parsed !== null ? parsed : {};
  }

  #call(method: 'GET' | 'POST', path: string, signal: AbortSignal, given?: object) {
    return request(this.#origin + path, {
      method,
      signal,
      dispatcher: this.#agent,
      ...(given === undefined ? {} : { body: JSON.stringify(given), headers: { 'content-type': 'application/json' } }),
    });
  }
}

/** Engines send output in frames: eight bytes with the stream and the length, then as many bytes. */
async function* unframed(body: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  let header = Buffer.alloc(0);
  let left = 0;
  for await (const chunk of body) {
    let rest = chunk;
    while (rest.length > 0) {
      if (left > 0) {
        const payload = rest.subarray(0, left);
        left -= payload.length;
        rest = rest.subarray(payload.length);
        yield payload;
        continue;
      }
      const taken = rest.subarray(0, FRAME_HEADER_BYTES - header.length);
      rest = rest.subarray(taken.length);
      header = Buffer.concat([header, taken]);
      if (header.length < FRAME_HEADER_BYTES) continue;
      left = header.readUInt32BE(4);
      header = Buffer.alloc(0);
    }
  }
}

async function limitedText(body: AsyncIterable<Buffer>): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of body) {
    size += chunk.length;
    if (size > LARGEST_ANSWER_BYTES) throw new Error('the answer of the Docker engine is too large');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

async function problemOf(statusCode: number, body: AsyncIterable<Buffer>): Promise<string> {
  const said = await limitedText(body);
  try {
    const { message } = JSON.parse(said) as { message?: unknown };
    if (typeof message === 'string') return message;
  } catch {
    // Not the engine's own error; the text is what there is.
  }
  return `the Docker engine answered ${statusCode} ${said.slice(0, 200)}`.trim();
}
