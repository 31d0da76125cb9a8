import { describe, expect, it } from 'vitest';
import { resolveJoinAddresses } from '../../src/cluster/join-addresses.js';

const names: Readonly<Record<string, readonly string[]>> = {
  servers: ['10.0.0.1', '10.0.0.2', 'fd00::1'],
  one: ['10.0.0.1'],
};

async function resolved(...given: readonly string[]): Promise<{ addresses: string[]; problems: string[] }> {
  const problems: string[] = [];
  const resolve = (host: string): Promise<readonly string[]> => {
    const found = names[host];
    return found ? Promise.resolve(found) : Promise.reject(Object.assign(new Error('no'), { code: 'ENOTFOUND' }));
  };
  return { addresses: await resolveJoinAddresses(given, resolve, (problem) => problems.push(problem)), problems };
}

describe('join addresses', () => {
  it('mean port 8301 unless they say another', async () => {
    const { addresses } = await resolved('10.0.0.9', '10.0.0.9:8300', 'fd00::9', '[fd00::9]', '[fd00::9]:8300');
    expect(addresses).toEqual(['10.0.0.9:8301', '10.0.0.9:8300', '[fd00::9]:8301', '[fd00::9]:8300']);
  });

  it('are all the addresses of a name, each once', async () => {
    const { addresses } = await resolved('servers', 'one', 'servers:7');
    const all = ['10.0.0.1', '10.0.0.2', '[fd00::1]'];
    expect(addresses).toEqual([...all.map((host) => `${host}:8301`), ...all.map((host) => `${host}:7`)]);
  });

  it('that do not resolve are told, and the others are there', async () => {
    expect(await resolved('nowhere:8300', 'one')).toEqual({
      addresses: ['10.0.0.1:8301'],
      problems: ['join address "nowhere:8300" does not resolve (ENOTFOUND)'],
    });
  });
});
