import { mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { loadAgentConfig } from '../../src/agent/config/index.js';
import { createAgentTokens } from '../../src/agent/index.js';

let dataDir: string;
let warnings: string[];
beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), 'tokens-'));
  warnings = [];
});
afterEach(() => rmSync(dataDir, { recursive: true, force: true }));

const configOf = (acl: string) => loadAgentConfig(['-dev', '-hcl', `acl { ${acl} }`], 'host').config.aclTokens;
const kept = (tokens = '') => configOf(`enable_token_persistence = true tokens { ${tokens} }`);
const create = (config = kept()) => createAgentTokens(config, dataDir, (message) => void warnings.push(message));

describe('tokens that were set by HTTP', () => {
  it('are there after a restart where the configuration says so, in a file of their owner only', () => {
    create().set('agent', 'secret-a');
    const after = create(kept('agent = "of-file" dns = "d"'));
    expect([after.get('agent'), after.get('dns'), after.get('default')]).toEqual(['secret-a', 'd', '']);
    expect(warnings).toEqual([expect.stringContaining('the agent token was set by HTTP and is kept')]);
    expect(statSync(join(dataDir, 'acl-tokens.json')).mode & 0o777).toBe(0o600);
    expect(readdirSync(dataDir)).toEqual(['acl-tokens.json']);
  });

  it('are gone after a restart, and after a reload that names them, where it does not', () => {
    const config = configOf('tokens { agent = "of-file" }');
    const tokens = create(config);
    tokens.set('agent', 'secret-a');
    tokens.set('dns', 'secret-d');
    tokens.configure(config);
    expect([tokens.get('agent'), tokens.get('dns')]).toEqual(['of-file', 'secret-d']);
    expect(readdirSync(dataDir)).toEqual([]);
  });

  it.each(['{"agent":"secret-a', 'null', '[secret-a]'])(
    'in a damaged file are lost, which is said without them: %j',
    (text) => {
      writeFileSync(join(dataDir, 'acl-tokens.json'), text);
      expect(create().get('agent')).toBe('');
      expect(warnings).toEqual([expect.stringMatching(/acl-tokens\.json cannot be read \(it is not JSON\)/)]);
      expect(warnings.join()).not.toContain('secret-a');
    },
  );

  it('in a file that cannot be opened are lost, which is said', () => {
    mkdirSync(join(dataDir, 'acl-tokens.json'));
    expect(create().get('agent')).toBe('');
    expect(warnings).toEqual([expect.stringMatching(/cannot be read \(EISDIR\)/)]);
  });

  it('that cannot be kept are in use all the same, the answer says so, and nothing is left behind', () => {
    mkdirSync(join(dataDir, 'acl-tokens.json', 'x'), { recursive: true });
    const tokens = create();
    expect(() => tokens.set('dns', 'secret-d')).toThrow(/could not be kept/);
    expect(tokens.get('dns')).toBe('secret-d');
    expect(readdirSync(dataDir)).toEqual(['acl-tokens.json']);
  });
});
