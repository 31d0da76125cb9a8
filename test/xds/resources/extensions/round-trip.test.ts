import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { deepEqual } from '../../../../src/core/index.js';
import {
  decodeAny,
  decodePlain,
  type EnvoyTypeName,
  encodeMessage,
  findLosses,
  loadEnvoyApi,
  type PackedAny,
  typeNameOf,
} from '../../../../src/xds/envoy-api/index.js';
import { sharedParts } from '../../../recordings/xds/scenarios.mjs';
import { ScenarioMesh } from '../support/scenario-mesh.js';

const folder = fileURLToPath(new URL('../../../golden/xds/', import.meta.url));
const cases = readdirSync(folder).filter((name) => existsSync(`${folder}${name}/state.json`));

/** Every packed message in a message, at any depth. */
function* packedIn(value: unknown): Generator<PackedAny> {
  if (typeof value !== 'object' || value === null || Buffer.isBuffer(value)) return;
  if ('type_url' in value && 'value' in value && Buffer.isBuffer(value.value)) {
    yield value as PackedAny;
    return;
  }
  for (const inner of Object.values(value)) yield* packedIn(inner);
}

/** What is not the same after it was decoded to be changed and encoded again. */
function changedBy({ type_url: url, value }: PackedAny): string[] {
  const typeName = typeNameOf(url);
  if (!loadEnvoyApi().has(typeName)) return [`${typeName} is not known`];
  const message = decodePlain(typeName as EnvoyTypeName, value);
  const again = encodeMessage(typeName as EnvoyTypeName, message);
  // Builders may put messages together from encoded parts: fields stand in another order then.
  const same = again.length === value.length && deepEqual(decodePlain(typeName as EnvoyTypeName, again), message);
  return [
    ...findLosses(typeName, message),
    ...(same ? [] : [`${typeName} becomes another message`]),
    ...[...packedIn(message)].flatMap(changedBy),
  ];
}

describe('a resource is the same when an extension looks at it and changes nothing', () => {
  test.each(cases)('%s', async (name) => {
    const { steps, proxies } = JSON.parse(readFileSync(`${folder}${name}/state.json`, 'utf8')) as {
      steps: Record<string, unknown>[];
      proxies: string[];
    };
    const mesh = await ScenarioMesh.start(sharedParts.agent as Record<string, unknown>);
    for (const step of steps) await mesh.step(step);
    const made = proxies.flatMap((proxy) => mesh.resources(proxy).made);
    await mesh.stop();
    expect(made.length).toBeGreaterThan(0);
    expect(made.flatMap(({ bytes }) => changedBy(decodeAny(bytes)))).toEqual([]);
  });
});
