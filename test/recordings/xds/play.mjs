// Plays xDS scenarios against an executable that behaves like `consul`: a fresh `agent -dev` for each, the steps over the
// HTTP API, then every resource each proxy is told, compared with what was recorded.
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { AdsClient } from '../../support/ads-client/index.ts';
import { freePort } from '../../support/free-ports.mjs';
import { request, sleep, spawnAgent } from '../agent.mjs';
import { startEnvoy } from './accept.mjs';
import { comparePlay } from './compare.mjs';
import { GoDumper } from './go-dumper.mjs';
import {
  agentConfig,
  expand,
  readXdsRecording,
  readXdsScenario,
  sharedParts,
  stagesOf,
  xdsFamily,
} from './scenarios.mjs';

const readyMs = 20_000;
const quietMs = 500;
/** How often to look again while a dump differs from the recording and still moves. */
const rounds = 3;

async function call(port, method, path, body) {
  const text = body === undefined || typeof body === 'string' ? body : JSON.stringify(body);
  const answer = await request(port, { method, path, body: text });
  if (answer.error) throw new Error(`${method} ${path}: ${answer.error}`);
  if (answer.status >= 300)
    throw new Error(`${method} ${path} answered ${answer.status}: ${String(answer.body).slice(0, 300)}`);
  return String(answer.body);
}

const verbs = {
  config: (port, entry) => call(port, 'PUT', '/v1/config', entry),
  'delete-config': (port, name) => call(port, 'DELETE', `/v1/config/${name}`),
  service: (port, registration) => call(port, 'PUT', '/v1/agent/service/register', registration),
  'remove-service': (port, id) => call(port, 'PUT', `/v1/agent/service/deregister/${id}`),
  catalog: (port, registration) => call(port, 'PUT', '/v1/catalog/register', registration),
  'remove-catalog': (port, what) => call(port, 'PUT', '/v1/catalog/deregister', what),
  query: (port, query) => call(port, 'POST', '/v1/query', query),
  request: (port, { method = 'PUT', path, body }) => call(port, method, path, body),
  wait: (_port, ms) => sleep(ms),
};

async function performStage(port, steps, stage) {
  for (const [i, step] of steps.entries()) {
    const [[verb, argument]] = Object.entries(step);
    try {
      if (!verbs[verb]) throw new Error('no such kind of step');
      await verbs[verb](port, argument);
    } catch (error) {
      throw new Error(`step ${i + 1} of stage ${stage + 1} (${verb}): ${error.message}`);
    }
  }
}

/** Files that a scenario names by path. */
function writeSharedFiles(scenario) {
  const text = JSON.stringify(scenario);
  for (const [file, content] of Object.entries(sharedParts.files ?? {})) {
    if (!text.includes(dirname(file))) continue;
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, expand(content));
  }
}

async function waitUntilReady(agent) {
  const isReady = async () => {
    try {
      if ((await call(agent.ports.http, 'GET', '/v1/status/leader')).length <= 2) return false;
      if (!(await call(agent.ports.http, 'GET', '/v1/connect/ca/roots')).includes('BEGIN')) return false;
      // The agent's own node must be in the catalog, or registrations may be refused.
      return JSON.parse(await call(agent.ports.http, 'GET', '/v1/catalog/nodes')).length > 0;
    } catch {
      return false;
    }
  };
  for (const end = Date.now() + readyMs; Date.now() < end; await sleep(50)) {
    if (agent.isGone()) break;
    if (await isReady()) return;
  }
  throw new Error(agent.isGone() ? agent.why() : `agent has no leader after ${readyMs / 1000} s`);
}

function watchProxy(agent, proxy, { adsdump, sotw }) {
  const { id, service, node, envoy } = typeof proxy === 'string' ? { id: proxy } : proxy;
  const options = {
    address: `127.0.0.1:${agent.ports.grpc}`,
    nodeId: id,
    cluster: service,
    nodeName: node,
    envoyVersion: envoy,
    stateOfTheWorld: sotw,
    quietMs,
  };
  return adsdump ? new GoDumper(adsdump, options) : new AdsClient(options);
}

/** Dumps of all proxies by id; looks again while `good` is not content and something still moves. */
async function dumpAll(watchers, good) {
  let before;
  for (let round = 0; ; round++) {
    const dumps = await Promise.all(watchers.map((one) => one.dump()));
    const byNode = Object.fromEntries(dumps.map((dump) => [dump.node, dump]));
    if (good(byNode)) return byNode;
    const state = JSON.stringify(dumps.map((dump) => dump.resources));
    // Where nothing came at all there is no use in waiting.
    if (round >= rounds || (round > 0 && state === before) || dumps.some((dump) => dump.responses.length === 0))
      return byNode;
    before = state;
    await sleep(700);
  }
}

/** Asks a real Envoy for each proxy, after every stage, whether it took what was dumped. */
function envoyJury(executable, envoy, scenario, agent) {
  const envoys = [];
  const complaints = [];
  return {
    complaints,
    async ask(dumps, stage) {
      for (const [i, proxy] of scenario.proxies.entries()) {
        envoys[i] ??= await startEnvoy({
          executable,
          envoy,
          proxy,
          agent,
          warming: scenario.acceptance?.warming !== undefined,
          adminPort: await freePort(),
        });
      }
      for (const [i, proxy] of scenario.proxies.entries()) {
        const id = proxy.id ?? proxy;
        const where = stage ? `${id} after change ${stage}` : id;
        for (const text of await envoys[i].ask(dumps[id])) complaints.push(`${where}: ${text}`);
      }
    },
    async end() {
      for (const one of envoys) await one.end();
    },
  };
}

async function perform(executable, scenario, recorded, options) {
  const out = { phases: [] };
  const watchers = [];
  let agent;
  let jury;
  try {
    writeSharedFiles(scenario);
    agent = await spawnAgent(executable, { config: agentConfig(scenario), host: options.host });
    await waitUntilReady(agent);
    if (options.envoy && typeof scenario.acceptance !== 'string')
      jury = envoyJury(executable, options.envoy, scenario, agent);
    for (const [i, steps] of stagesOf(scenario).entries()) {
      for (const watcher of watchers) await watcher.mark();
      await performStage(agent.ports.http, steps, i);
      if (scenario.settle) await sleep(scenario.settle);
      if (!watchers.length) for (const proxy of scenario.proxies) watchers.push(watchProxy(agent, proxy, options));
      const good = (dumps) =>
        comparePlay({ phases: recorded.phases.slice(0, i + 1) }, { phases: [...out.phases.slice(0, i), dumps] }).pass;
      out.phases[i] = await dumpAll(watchers, good);
      await jury?.ask(out.phases[i], i);
    }
  } catch (error) {
    out.error = error.message;
  } finally {
    for (const watcher of watchers) await watcher.close();
    await jury?.end();
    await agent?.stop();
  }
  if (jury) out.complaints = jury.complaints;
  return out;
}

/**
 * Plays one scenario against `executable` and compares: { id, family, pass, score, failures, differences, complaints? }.
 * Options: `adsdump`, a built Go dumper to use in the place of our own client; `sotw`, state of the world instead of delta;
 * `envoy`, a real Envoy that is asked whether it takes everything (its complaints fail the scenario too); `host`, an AgentHost that
 * runs the agent.
 */
export async function checkXds(executable, name, options = {}) {
  const base = { id: name, family: xdsFamily(name) };
  const recorded = readXdsRecording(name);
  if (!recorded) return { ...base, pass: false, score: 0, failures: ['no recording'], differences: [] };
  const got = await perform(executable, readXdsScenario(name), recorded, options);
  const { pass, score, failures, differences } = comparePlay(recorded, got);
  const complaints = got.complaints ?? [];
  return {
    ...base,
    pass: pass && complaints.length === 0,
    score,
    failures,
    differences,
    complaints,
    phases: got.phases,
  };
}

/** What to print about a scenario that did not pass. */
export const xdsFailures = ({ failures, differences, complaints = [] }) => [
  ...failures.slice(0, 20),
  ...differences.slice(0, 20),
  ...complaints.map((text) => `Envoy: ${text}`),
];
