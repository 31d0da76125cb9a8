import { describe, expect, it } from 'vitest';
import { Binding } from './http/binding.mjs';
import { compareStep } from './http/compare.mjs';
import { httpScenarios, readHttpRecording, readHttpScenario } from './http/play.mjs';
import { isScored } from './http/steps.mjs';
import { comparePlay } from './xds/compare.mjs';
import { disagreement } from './xds/rbac.mjs';
import { readXdsRecording, readXdsScenario, stagesOf, xdsScenarios } from './xds/scenarios.mjs';

// The players are oracles: these tests say that they can be content, and that they notice.
describe('HTTP recordings', () => {
  const all = httpScenarios();

  it('are there for every scenario, one answer for each scored step', () => {
    expect(all.length).toBeGreaterThan(150);
    const odd = all.filter(
      ({ id }) => readHttpRecording(id).length !== readHttpScenario(id).steps.filter(isScored).length,
    );
    expect(odd).toEqual([]);
  });

  it('agree with themselves', () => {
    const failed: string[] = [];
    for (const { id } of all) {
      const scenario = readHttpScenario(id);
      const binding = new Binding(JSON.stringify(scenario).toLowerCase());
      const recorded = readHttpRecording(id);
      for (const [i, step] of scenario.steps.filter(isScored).entries()) {
        const { pass, score } = compareStep(step, recorded[i], structuredClone(recorded[i]), binding);
        if (!pass || score < 1) failed.push(`${id} step ${i}`);
      }
    }
    expect(failed).toEqual([]);
  });

  const answer = {
    kind: 'http',
    status: 200,
    headers: { 'content-type': 'application/json' },
    at: 0,
    json: { Name: 'web', ModifyIndex: 7, Tags: ['a'] },
  };
  const compared = (changed: object, step = { http: 'GET /v1/x' }) =>
    compareStep(step, answer, { ...answer, ...changed }, new Binding());

  it.each([
    ['another status', { status: 404 }],
    ['a missing header', { headers: {} }],
    ['a missing field', { json: { Name: 'web', ModifyIndex: 7 } }],
    ['a wrong value', { json: { Name: 'api', ModifyIndex: 7, Tags: ['a'] } }],
    ['a list of another length', { json: { Name: 'web', ModifyIndex: 7, Tags: [] } }],
    ['text in the place of JSON', { json: undefined, text: 'web' }],
    ['no answer', { error: 'ECONNREFUSED' }],
  ])('do not agree with %s', (_what, changed) => {
    expect(compared(changed).pass).toBe(false);
  });

  it('take indexes by their order, not their value', () => {
    const binding = new Binding();
    const at = (index: number) => ({ ...answer, json: { ModifyIndex: index } });
    const step = { http: 'GET /v1/x' };
    expect(compareStep(step, at(7), at(100), binding).pass).toBe(true);
    expect(compareStep(step, at(9), at(250), binding).pass).toBe(true);
    expect(compareStep(step, at(8), at(300), binding).pass).toBe(false);
  });

  it('accept a 4xx with the same text where 500 was recorded', () => {
    const recorded = { kind: 'http', status: 500, headers: {}, at: 0, text: 'Must provide service name' };
    const step = { http: 'GET /v1/x' };
    expect(compareStep(step, recorded, { ...recorded, status: 400 }, new Binding()).pass).toBe(true);
    expect(compareStep(step, recorded, { ...recorded, status: 400, text: 'no' }, new Binding()).pass).toBe(false);
    expect(compareStep(step, recorded, { ...recorded, status: 200 }, new Binding()).pass).toBe(false);
  });
});

describe('xDS recordings', () => {
  const names = xdsScenarios();
  type Play = { phases: Record<string, { resources: Record<string, Record<string, unknown>> }>[] };
  const recording = (name: string) => structuredClone(readXdsRecording(name)) as Play;

  it('are there for every scenario, one phase for each stage', () => {
    expect(names.length).toBeGreaterThan(150);
    expect(names.filter((name) => recording(name).phases.length !== stagesOf(readXdsScenario(name)).length)).toEqual(
      [],
    );
  });

  it('agree with themselves', () => {
    expect(names.filter((name) => !comparePlay(recording(name), recording(name)).pass)).toEqual([]);
  });

  it('notice a resource that is missing, and one too many', () => {
    for (const kind of ['clusters', 'endpoints', 'listeners']) {
      const less = recording('resolver-http');
      const resources = less.phases[0]?.['front-proxy']?.resources[kind] ?? {};
      const [first = ''] = Object.keys(resources);
      delete resources[first];
      expect(comparePlay(recording('resolver-http'), less).failures.join()).toContain(`${kind}: ${first} is missing`);
      expect(comparePlay(less, recording('resolver-http')).failures.join()).toContain(
        `${kind}: ${first} is not expected`,
      );
    }
  });

  it('notice any other scenario', () => {
    const http = names.filter(
      (name) => name.startsWith('resolver-') || name.startsWith('router-') || name.startsWith('splitter-'),
    );
    expect(http.length).toBeGreaterThan(8);
    const pairs = http.flatMap((name) => http.filter((other) => other !== name).map((other) => [name, other] as const));
    expect(pairs.filter(([name, other]) => comparePlay(recording(name), recording(other)).pass)).toEqual([]);
  });

  it('take rules as the same when they let the same requests through', () => {
    const caller = (name: string) => ({
      authenticated: { principal_name: { exact: `spiffe://t/ns/default/dc/dc1/svc/${name}` } },
    });
    const rules = (action: string, ...names: string[]) => ({
      action,
      policies: Object.fromEntries(
        names.map((name, i) => [`p${i}`, { permissions: [{ any: true }], principals: [caller(name)] }]),
      ),
    });
    const both = {
      action: 'ALLOW',
      policies: { p: { permissions: [{ any: true }], principals: [{ or_ids: { ids: [caller('b'), caller('a')] } }] } },
    };
    expect(disagreement(rules('ALLOW', 'a', 'b'), both)).toBeUndefined();
    expect(disagreement(rules('ALLOW', 'a'), both)).toContain('should be refused');
    expect(disagreement(rules('DENY', 'a', 'b'), both)).toBeDefined();
  });
});
