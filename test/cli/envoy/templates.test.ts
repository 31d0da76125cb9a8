import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { buildBootstrap } from '../../../src/cli/envoy/index.js';
import { readConfigEntry } from '../../../src/cli/commands/config-file.js';
import { readServiceFile } from '../../../src/cli/service-file.js';
import { decodeConfigEntry } from '../../../src/model/config-entries/index.js';
import { templateInputs } from './template-inputs.js';

const folder = new URL('../../../envoy/', import.meta.url);
const read = (name: string) => readFileSync(new URL(name, folder), 'utf8');
const hclFiles = ['sidecars-by-hand', 'canary'].flatMap((name) =>
  readdirSync(new URL(`${name}/`, folder))
    .filter((file) => file.endsWith('.hcl'))
    .map((file) => `${name}/${file}`),
);

describe('envoy/bootstrap', () => {
  test.each(Object.keys(templateInputs))('%s.json is what `connect envoy -bootstrap` prints', (name) => {
    const input = templateInputs[name] ?? expect.fail();
    expect(JSON.parse(read(`bootstrap/${name}.json`))).toEqual(buildBootstrap(input));
  });

  test('every template is explained', () => {
    const explained = read('bootstrap/README.md');
    for (const name of Object.keys(templateInputs)) expect(explained).toContain(`${name}.json`);
  });
});

describe('the files of the examples', () => {
  test('are there', () => {
    expect(hclFiles.length).toBeGreaterThan(6);
  });

  test.each(hclFiles)('%s is a registration or a config entry that the agent takes', (name) => {
    const text = read(name);
    if (/^service\b/m.test(text)) expect(readServiceFile(new URL(name, folder).pathname, '/')).toHaveLength(1);
    else expect(decodeConfigEntry(readConfigEntry(text, name).body).kind).toBe(readConfigEntry(text, name).kind);
  });

  test('READMEs name only files that exist', () => {
    for (const example of ['sidecars-by-hand', 'canary']) {
      const there = readdirSync(new URL(`${example}/`, folder));
      const named = [...read(`${example}/README.md`).matchAll(/(?<=[\s`])[a-z0-9-]+\.(?:hcl|sh)\b/g)].map(
        ([file]) => file,
      );
      expect(named.length).toBeGreaterThan(3);
      expect(named.filter((file) => !there.includes(file))).toEqual([]);
    }
  });
});
