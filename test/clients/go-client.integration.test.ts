import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { notRun } from '../support/not-run.js';
import { type ClientAgent, startClientAgent } from './support/client-agent.js';
import { GO_BUILD_MS, buildGo, isInstalled, runProgram } from './support/program.js';

/** What programs do with Consul's official Go client (github.com/hashicorp/consul/api), unmodified. */

const SOURCE = fileURLToPath(new URL('./go', import.meta.url));

let agent: ClientAgent | undefined;
let program = '';
let obstacle = '';

beforeAll(async () => {
  if (!isInstalled('go', 'version')) {
    obstacle = 'go is not installed';
    return;
  }
  agent = await startClientAgent();
  program = join(agent.rig.folder, 'clients');
  if ((await buildGo(SOURCE, program)) === 'unreachable') obstacle = 'the Go modules of the client cannot be fetched';
}, GO_BUILD_MS + 60_000);
afterAll(() => agent?.stop());

describe("Consul's own Go client", () => {
  test.for([
    ['keys: values and flags, compare-and-set, lists, blocking, trees', 'kv'],
    ['the catalog: nodes, services, instances by tag and expression, blocking', 'catalog'],
    ['health: passing instances, checks by state, blocking that waits and that wakes, cached answers', 'health'],
    ['the agent: registration, TTL checks, maintenance, sidecars, leaf certificates', 'agent'],
    ['Lock: taken, refused, waited for, lost', 'lock'],
    ['Semaphore: slots taken, refused, given back', 'semaphore'],
    ['transactions over keys, nodes, services and checks', 'txn'],
    ['user events, listed and waited for', 'events'],
    ['prepared queries', 'queries'],
    ['config entries of every kind, and the chain compiled from them', 'config'],
    ['intentions: written, matched, checked, deleted', 'intentions'],
    ['its watch plans: key, keyprefix, service, services, nodes, checks', 'watch'],
  ] as const)('%s', async ([, subject], context) => {
    if (obstacle !== '') notRun(context, obstacle);
    const { address } = agent ?? {};
    const { code, output } = await runProgram(program, [subject], { env: { CONSUL_HTTP_ADDR: address } });
    expect({ code, output }).toEqual({ code: 0, output: expect.stringMatching(/^(?:ok .*\n)+$/) });
  });
});
