// Plays HTTP, DNS and command line scenarios against an executable that behaves like `consul`, and compares every
// answer with the recorded one. README.md beside the data says what a scenario may contain.
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { startAgent } from './agent.mjs';
import { Binding } from './binding.mjs';
import { compareStep } from './compare.mjs';
import { Player, isScored, label } from './steps.mjs';

const data = path.join(path.dirname(fileURLToPath(import.meta.url)), '..', 'data', 'http');
const readJson = (file) => JSON.parse(fs.readFileSync(file, 'utf8'));

/** All scenarios, by family and name: [{ id, family, name }]. */
export function httpScenarios() {
  const out = [];
  for (const family of fs.readdirSync(data).sort()) {
    const dir = path.join(data, family);
    if (!fs.statSync(dir).isDirectory()) continue;
    for (const file of fs.readdirSync(dir).sort()) {
      if (!file.endsWith('.json') || file.endsWith('.recorded.json')) continue;
      const name = file.slice(0, -'.json'.length);
      out.push({ id: `${family}/${name}`, family, name });
    }
  }
  return out;
}

/** One scenario as it is written. */
export const readHttpScenario = (id) => readJson(path.join(data, `${id}.json`));

/** The recorded answers to its scored steps. */
export const readHttpRecording = (id) => readJson(path.join(data, `${id}.recorded.json`)).answers;

/** The answers to the scored steps, in order; a step that was not played answers { error }. */
async function perform(executable, scenario, { limitMs = 120_000, host }) {
  const agent = await startAgent(executable, scenario, host);
  const answers = [];
  try {
    const player = new Player(agent, scenario);
    const end = Date.now() + limitMs;
    let silent = 0;
    for (const step of scenario.steps) {
      const scored = isScored(step);
      if (!agent.ready || silent >= 3 || Date.now() > end) {
        if (scored)
          answers.push({ error: agent.ready ? 'given up' : `the agent did not become ready (${agent.why()})` });
        continue;
      }
      let answer;
      try {
        answer = await player.play(step);
      } catch (error) {
        answer = { error: error.message };
      }
      if (!scored) continue;
      answers.push(answer);
      silent = answer.error && (agent.isGone() || !step.dns) ? silent + 1 : 0;
    }
  } finally {
    await agent.stop();
  }
  return answers;
}

/**
 * Plays one scenario against `executable` and compares: { id, family, steps, passed, pass, score, results }, where each
 * result is { step, pass, score, issues }. The scenario passes when all its steps do. Options: `limitMs` for all of it; `host`, an
 * AgentHost that runs the agent (commands are `executable` all the same).
 */
export async function checkHttp(executable, { id, family }, options = {}) {
  const scenario = readHttpScenario(id);
  const recorded = readHttpRecording(id);
  const answers = await perform(executable, scenario, options);
  const binding = new Binding(JSON.stringify(scenario).toLowerCase());
  const rules = { softIndexes: scenario.indexes === 'soft', strictHeaders: scenario.strictHeaders };
  const results = scenario.steps.filter(isScored).map((step, i) => ({
    step: label(step),
    ...compareStep(step, recorded[i], answers[i] ?? { error: 'none' }, binding, rules),
  }));
  const passed = results.filter((result) => result.pass).length;
  const score = results.reduce((sum, result) => sum + result.score, 0) / Math.max(1, results.length);
  return { id, family, steps: results.length, passed, pass: passed === results.length, score, results };
}

/** What to print about a scenario that did not pass. */
export function httpFailures({ results }) {
  const lines = [];
  for (const { step, pass, issues } of results) {
    if (pass) continue;
    lines.push(step);
    for (const issue of issues.filter((one) => one.kind !== 'soft').slice(0, 6)) {
      lines.push(`  ${issue.kind} ${issue.path}: want ${issue.want}  got ${issue.got}`);
    }
  }
  return lines;
}
