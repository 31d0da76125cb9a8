// Agents one after the other in one process: each begins with nothing, as any, but the program is not loaded anew, which takes longer
// than what most scenarios do.
import { fork } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bundle } from '../../scripts/lib/bundle.mjs';
import { root } from '../../scripts/lib/run.mjs';
import { cleanEnv } from './agent.mjs';

const program = fileURLToPath(new URL('./host-process.mjs', import.meta.url));
/** An agent that does not end in this time is ended with its process. */
const stopMs = 5_000;
/** What an ended agent leaves behind in its process (metrics of the process, above all) is little, and not nothing. */
const agentsOfAProcess = 40;

/** Bundles what hosts run; answers its path. */
export async function bundleAgent() {
  const folder = join(root, '.cache', 'recordings');
  await bundle(root, { agent: 'server/index' }, folder);
  return join(folder, 'agent.js');
}

/** A process in which one agent at a time runs; another one takes its place when it has ended or has run many. */
export class AgentHost {
  #child;
  #started = 0;
  #agentFile;

  /** In: what `bundleAgent` answered. */
  constructor(agentFile) {
    this.#agentFile = agentFile;
  }

  /** Runs an agent with these arguments in the folder `dir`. Answers { isGone(), why(), stop() }. */
  async start(args, dir) {
    if (this.#started++ % agentsOfAProcess === 0) this.close();
    const child = (this.#child ??= this.#fork());
    let log = '';
    let gone;
    const onText = (text) => {
      log = (log + text).slice(-300);
    };
    const outputs = [child.stdout, child.stderr];
    for (const output of outputs) output.on('data', onText);
    const ended = new Promise((resolve) => {
      const end = (how) => {
        gone ??= `agent ended (${how})`;
        for (const output of outputs) output.off('data', onText);
        child.off('message', end).off('exit', onExit);
        resolve();
      };
      const onExit = (code, signal) => {
        if (this.#child === child) this.#child = undefined;
        end(code ?? signal);
      };
      child.on('message', end).on('exit', onExit);
    });
    child.send({ args, dir });
    return {
      isGone: () => gone !== undefined,
      why: () => `${gone ?? 'agent is still there'}: ${log}`,
      async stop() {
        if (gone === undefined) child.kill('SIGTERM');
        const timer = setTimeout(() => child.kill('SIGKILL'), stopMs);
        await ended;
        clearTimeout(timer);
      },
    };
  }

  close() {
    this.#child?.kill('SIGKILL');
    this.#child = undefined;
  }

  #fork() {
    const child = fork(program, [this.#agentFile], {
      env: cleanEnv(),
      execArgv: [],
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    });
    for (const output of [child.stdout, child.stderr]) output.setEncoding('utf8');
    return child;
  }
}
