import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Child, here, measured } from '../child.js';
import { freePort } from '../../support/free-ports.mjs';
import { ask, requestBytes } from './http-load.js';

const MAIN = here('../../dist/main.js');
const READY_MS = 30_000;

/** The built program as a durable server, in a child process with the probe inside. */
export interface BenchAgent {
  readonly child: Child;
  readonly http: number;
  readonly dns: number;
  /** From the start of the process to its first answer from the state, ms. */
  readonly startMs: number;
  stop(): Promise<void>;
}

/** A folder that is removed by `remove`. */
export function temporaryFolder(): { readonly path: string; remove(): void } {
  const path = mkdtempSync(join(tmpdir(), 'meshwright-bench-'));
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) };
}

/** Starts an agent over the data in a folder; BENCH_NODE_ARGS go to its node. `readyPath` is asked until it answers 200. */
export async function startAgent(folder: string, readyPath = '/v1/catalog/services'): Promise<BenchAgent> {
  const [http, dns] = [await freePort(), await freePort()];
  const file = join(folder, 'agent.json');
  writeFileSync(file, JSON.stringify({ limits: { http_max_conns_per_client: 0 }, node_name: 'bench' }));
  const args = [
    'agent',
    '-server',
    '-bootstrap-expect=1',
    `-data-dir=${join(folder, 'data')}`,
    `-config-file=${file}`,
    `-http-port=${http}`,
    `-dns-port=${dns}`,
    '-grpc-port=-1',
    '-grpc-tls-port=-1',
    '-log-level=warn',
  ];
  const from = performance.now();
  const child = new Child(MAIN, {
    args,
    execArgv: [...measured, ...(process.env.BENCH_NODE_ARGS ?? '').split(' ').filter(Boolean)],
  });
  const probe = requestBytes('GET', readyPath);
  for (;;) {
    const status = await ask(http, probe).then(
      (answer) => answer.status,
      () => 0,
    );
    if (status === 200) break;
    if (performance.now() - from > READY_MS || child.process.exitCode !== null) {
      await child.stop();
      throw new Error(`the agent does not come up:\n${child.output}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  return { child, http, dns, startMs: performance.now() - from, stop: () => child.stop() };
}
