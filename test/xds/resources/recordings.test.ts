import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { checkEncoding } from '../../../src/xds/envoy-api/index.js';
import { comparePlay } from '../../recordings/xds/compare.mjs';
import { agentConfig, readXdsRecording, readXdsScenario, stagesOf } from '../../recordings/xds/scenarios.mjs';
import scope from '../../recordings/scope.json' with { type: 'json' };
import { ScenarioMesh, type Told } from './support/scenario-mesh.js';

/** Where we do better on purpose, so that the recording cannot be met: docs/compatibility.md says how. */
const BETTER: ReadonlySet<string> = new Set([
  'authz-jwt-remote-keys',
  'escape-local-cluster',
  'escape-upstream-cluster',
  // Paths of requests to exposed listeners are normalised, like those to all others that take requests from outside.
  'expose-by-service-defaults',
  'prepared-query-escape-cluster',
  'extension-lua-envoy-constraint',
]);

/** What we say on top of a recording, with its reason. */
const MORE: readonly RegExp[] = [
  // Filters that wait for the caller to speak do so at the ports of destinations only: elsewhere the application may speak first.
  /\+ listeners outbound_listener:\S+ listener_filters\[envoy\.filters\.listener\.(?:tls|http)_inspector\]\.filter_disabled\./,
];

beforeAll(() => checkEncoding(true));
afterAll(() => checkEncoding(false));

async function play(name: string): Promise<{ phases: Record<string, Told>[] }> {
  const scenario = readXdsScenario(name);
  const mesh = await ScenarioMesh.start(agentConfig(scenario));
  try {
    const phases: Record<string, Told>[] = [];
    for (const steps of stagesOf(scenario)) {
      for (const step of steps) await mesh.step(step);
      const told = (scenario.proxies as string[]).map((proxy) => [proxy, mesh.tell(proxy)] as const);
      phases.push(Object.fromEntries(told));
    }
    return { phases };
  } finally {
    await mesh.stop();
  }
}

describe('what sidecars are told is what Consul tells them', () => {
  test.each(scope.xds.inScope.filter((name) => !BETTER.has(name)))('%s', async (name) => {
    const { failures, differences: all } = comparePlay(readXdsRecording(name), await play(name));
    const differences = all.filter((difference) => !MORE.some((more) => more.test(difference)));
    expect({ failures, differences }).toEqual({ failures: [], differences: [] });
  });
});

describe('where we do better than the recording', () => {
  test.each([...BETTER])('%s: nothing that is sent names a cluster that is not', async (name) => {
    const { phases } = await play(name);
    expect(phases.flatMap((phase) => Object.values(phase).flatMap(({ problems }) => problems))).toEqual([]);
  });
});
