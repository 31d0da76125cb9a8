import { existsSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { checkEncoding } from '../../../src/xds/envoy-api/index.js';
import { sharedParts } from '../../recordings/xds/scenarios.mjs';
import { ScenarioMesh } from './support/scenario-mesh.js';

/**
 * test/golden/xds/<case>/state.json is a mesh in steps of the public API; the files beside it are what its proxies are told, in
 * our form (secrets and intentions over the stream). UPDATE_GOLDEN=1 writes them anew: read the difference before committing it.
 */
const folder = fileURLToPath(new URL('../../golden/xds/', import.meta.url));
const update = process.env['UPDATE_GOLDEN'] === '1';

beforeAll(() => checkEncoding(true));
afterAll(() => checkEncoding(false));

interface GoldenCase {
  readonly steps: readonly Record<string, unknown>[];
  readonly proxies: readonly string[];
}

/** Certificates and revisions differ from run to run. */
const stable = (json: unknown): string =>
  `${JSON.stringify(
    json,
    (key, value: unknown) => {
      if (typeof value === 'string' && value.includes('-----BEGIN '))
        return value.includes('PRIVATE KEY-----') ? 'KEY' : 'CERTIFICATE';
      return key === 'epoch' ? 'REVISION' : value;
    },
    1,
  )}\n`;

/** File name -> text, of all proxies of a case. */
async function toldIn(name: string): Promise<Map<string, string>> {
  const { steps, proxies } = JSON.parse(readFileSync(`${folder}${name}/state.json`, 'utf8')) as GoldenCase;
  const mesh = await ScenarioMesh.start(sharedParts.agent as Record<string, unknown>);
  const files = new Map<string, string>();
  try {
    for (const step of steps) await mesh.step(step);
    for (const proxy of proxies) {
      const { resources, problems } = mesh.tell(proxy);
      for (const [kind, all] of Object.entries(resources))
        if (Object.keys(all).length > 0) files.set(`${proxy}.${kind}.json`, stable(sorted(all)));
      files.set(`${proxy}.problems.json`, stable([...problems, ...mesh.needs(proxy).problems]));
    }
  } finally {
    await mesh.stop();
  }
  return files;
}

const sorted = (all: Record<string, unknown>): Record<string, unknown> =>
  Object.fromEntries(Object.entries(all).sort(([left], [right]) => (left < right ? -1 : 1)));

const written = (name: string): string[] => readdirSync(`${folder}${name}`).filter((file) => file !== 'state.json');

describe('what proxies are told, exactly', () => {
  const cases = readdirSync(folder).filter((name) => existsSync(`${folder}${name}/state.json`));

  test.each(cases)('%s', async (name) => {
    const files = await toldIn(name);
    if (update) {
      for (const file of written(name)) rmSync(`${folder}${name}/${file}`);
      for (const [file, text] of files) writeFileSync(`${folder}${name}/${file}`, text);
    }
    expect(written(name).sort()).toEqual([...files.keys()].sort());
    for (const [file, text] of files) expect(text, file).toBe(readFileSync(`${folder}${name}/${file}`, 'utf8'));
  });
});
