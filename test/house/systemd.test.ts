import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { root } from '../../scripts/lib/run.mjs';
import { assertUnderstood, shellWords } from '../support/command-line.js';

const folder = join(root, 'envoy', 'systemd');

/** The settings of a unit: section and name, and all values given. */
function settings(name: string): Map<string, string[]> {
  const out = new Map<string, string[]>();
  let section = '';
  for (const line of readFileSync(join(folder, name), 'utf8').split('\n')) {
    if (line.startsWith('#') || line.trim() === '') continue;
    const header = /^\[(\w+)\]$/.exec(line)?.[1];
    if (header) section = header;
    else {
      const at = line.indexOf('=');
      if (at < 1) throw new Error(`${name}: not a setting: ${line}`);
      const key = `${section}.${line.slice(0, at)}`;
      out.set(key, [...(out.get(key) ?? []), line.slice(at + 1)]);
    }
  }
  return out;
}

const units = readdirSync(folder);

describe('the systemd units', () => {
  it('are the control plane and the Envoy beside a service', () => {
    expect(units.sort()).toEqual(['meshwright-envoy@.service', 'meshwright.service']);
  });

  it.each(units)('%s starts a command that exists', async (name) => {
    const [program, ...words] = shellWords(settings(name).get('Service.ExecStart')?.[0] ?? '');
    expect(program).toBe('/usr/local/bin/meshwright');
    await assertUnderstood(words);
  });

  it.each(units)('%s does not run as root, and cannot become it', (name) => {
    const unit = settings(name);
    expect(unit.get('Service.User')?.[0] ?? unit.get('Service.DynamicUser')?.[0]).toMatch(/^(?:meshwright|true)$/);
    expect(unit.get('Service.NoNewPrivileges')).toEqual(['true']);
    expect(unit.get('Service.CapabilityBoundingSet')).toEqual(['']);
    // Node and Envoy compile code at run time.
    expect(unit.has('Service.MemoryDenyWriteExecute')).toBe(false);
  });

  it('keep the state where the control plane is told to look for it', () => {
    const unit = settings('meshwright.service');
    expect(unit.get('Service.ExecStart')?.[0]).toContain(
      `-data-dir /var/lib/${unit.get('Service.StateDirectory')?.[0]} `,
    );
    expect(unit.get('Service.ExecStart')?.[0]).toContain(
      `-config-dir /etc/${unit.get('Service.ConfigurationDirectory')?.[0]} `,
    );
  });
});
