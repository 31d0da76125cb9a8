import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { parseFlags } from '../../../src/cli/flags/parse-flags.js';
import { readAgentFiles } from '../../../src/cli/snapshots/agent-file.js';
import { planSnapshotAgent, snapshotAgentFlags } from '../../../src/cli/snapshots/agent-plan.js';

/** The file of Consul's documentation, with what is given in place of its defaults. */
const documented = (snapshot: object, aws: object) => ({
  snapshot_agent: {
    http_addr: '127.0.0.1:8500',
    token: '',
    ca_file: '',
    license_path: '',
    login: { auth_method: '', bearer_token: '', bearer_token_file: '', meta: {} },
    log: { level: 'INFO', enable_syslog: false, syslog_facility: 'LOCAL0' },
    snapshot: {
      interval: '1h',
      retain: 30,
      stale: false,
      service: 'consul-snapshot',
      deregister_after: '72h',
      lock_key: 'consul-snapshot/lock',
      max_failures: 3,
      local_scratch_path: '',
      ...snapshot,
    },
    local_storage: { path: '.' },
    aws_storage: {
      access_key_id: '',
      secret_access_key: '',
      role_arn: '',
      s3_region: '',
      s3_bucket: '',
      s3_key_prefix: 'consul-snapshot',
      s3_static_snapshot_name: '',
      s3_force_path_style: false,
      ...aws,
    },
    azure_blob_storage: { account_name: '', account_key: '', container_name: '' },
    google_storage: { bucket: '' },
  },
});

describe('snapshot agent', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'agent-plan-'));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  const write = (name: string, content: unknown) =>
    writeFileSync(join(folder, name), typeof content === 'string' ? content : JSON.stringify(content));
  const plan = (flags: readonly string[] = [], files: readonly string[] = []) => {
    const parsed = parseFlags(flags, snapshotAgentFlags);
    const file = readAgentFiles(files, [], folder);
    return planSnapshotAgent(parsed.values as never, (name) => parsed.given.has(name), file, { env: {}, cwd: folder });
  };

  test('has the defaults of Consul, and those of its documented file', () => {
    const defaults = {
      storage: { type: 'folder', path: folder },
      scratchFolder: tmpdir(),
      intervalMs: 3_600_000,
      retain: 30,
      stale: false,
      lockKey: 'consul-snapshot/lock',
      maxFailures: 3,
      service: 'consul-snapshot',
      deregisterAfterMs: 72 * 3_600_000,
    };
    expect(plan()).toEqual(defaults);
    write('c.json', documented({}, {}));
    expect(plan([], ['c.json'])).toEqual(defaults);
  });

  test('takes flags before files', () => {
    write('c.json', documented({ interval: '5m', retain: 2 }, { s3_bucket: 'b', s3_region: 'eu-1' }));
    expect(plan(['--retain=9'], ['c.json'])).toMatchObject({
      intervalMs: 300_000,
      retain: 9,
      storage: { type: 's3', prefix: 'consul-snapshot', target: { bucket: 'b', region: 'eu-1' } },
    });
  });

  test('reads HCL, passes over files of others, and says when none is for it', () => {
    write('a.hcl', 'snapshot_agent { snapshot { interval = "0" } local_storage { path = "kept" } }');
    write('b.json', { node_name: 'n1', ports: { http: 1 } });
    expect(plan([], ['a.hcl', 'b.json'])).toMatchObject({
      intervalMs: 0,
      storage: { type: 'folder', path: join(folder, 'kept') },
    });
    expect(() => plan([], ['b.json'])).toThrow('no section snapshot_agent in b.json');
    expect(() => plan([], ['none.json'])).toThrow('open none.json: no such file or directory');
    expect(readAgentFiles([], ['.'], folder)).toMatchObject({ snapshot: { intervalMs: 0 } });
  });

  test.each([
    [{ interval: '10ms' }, 'The -interval flag must be 1s or more'],
    [{ retain: -1 }, 'The -retain flag'],
    [{ max_failures: 0 }, 'The -max-failures flag'],
    [{ lock_key: '' }, 'The -lock-key flag'],
    [{ deregister_after: '1s' }, 'The -deregister-after flag'],
    [{ intervall: '1h' }, 'intervall" is not a known field'],
  ])('refuses %j', (snapshot, says) => {
    write('c.json', documented(snapshot, {}));
    expect(() => plan([], ['c.json'])).toThrow(says);
  });
});
