// The xDS scenarios and what was recorded for them.
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const data = join(dirname(fileURLToPath(import.meta.url)), '..', 'data', 'xds');
const readJson = (file) => JSON.parse(readFileSync(file, 'utf8'));
const isObject = (value) => value !== null && typeof value === 'object' && !Array.isArray(value);

/** What all scenarios share: the agent's configuration, blocks of steps, texts and files. */
export const sharedParts = readJson(join(data, 'shared.json'));

/** The names of all scenarios. */
export const xdsScenarios = () =>
  readdirSync(join(data, 'scenarios'))
    .filter((file) => file.endsWith('.json'))
    .map((file) => file.slice(0, -'.json'.length))
    .sort();

/** A family is the first word of a scenario's name. */
export const xdsFamily = (name) => name.split('-')[0];

/** One scenario as it is written. */
export const readXdsScenario = (name) => ({ name, ...readJson(join(data, 'scenarios', `${name}.json`)) });

/** What was recorded under that name, or undefined. */
export function readXdsRecording(name) {
  const file = join(data, 'recordings', `${name}.json`);
  return existsSync(file) ? readJson(file) : undefined;
}

const merge = (a, b) => {
  if (!isObject(a) || !isObject(b)) return b;
  const out = { ...a };
  for (const [key, value] of Object.entries(b)) out[key] = key in out ? merge(out[key], value) : value;
  return out;
};

/** `{"$text": "name"}` stands for a shared text, `{"$json": x}` for x as a JSON string. */
export function expand(value) {
  if (Array.isArray(value)) return value.map(expand);
  if (!isObject(value)) return value;
  if (typeof value.$text === 'string') {
    const text = sharedParts.texts[value.$text];
    if (text === undefined) throw new Error(`no shared text ${value.$text}`);
    return text;
  }
  if ('$json' in value) return JSON.stringify(expand(value.$json));
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, expand(inner)]));
}

const blocksOf = (scenario) =>
  (scenario.use ?? []).flatMap((block) => {
    if (!sharedParts.blocks[block]) throw new Error(`no shared block ${block}`);
    return sharedParts.blocks[block];
  });

/** The configuration of the agent for a scenario. */
export const agentConfig = (scenario) => expand(merge(sharedParts.agent, scenario.agent ?? {}));

/** The stages of a scenario, each a list of steps; every proxy is looked at after each. */
export const stagesOf = (scenario) =>
  [[...blocksOf(scenario), ...(scenario.steps ?? [])], ...(scenario.then ?? []).map((stage) => stage.steps)].map(
    expand,
  );

/** All steps of all stages. */
export const xdsSteps = (scenario) => stagesOf(scenario).flat();
