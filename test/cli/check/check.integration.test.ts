import { createSocket } from 'node:dgram';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, onTestFinished, test } from 'vitest';
import { readConfiguration } from '../../../src/cli/agent/read-configuration.js';
import { allChecks } from '../../../src/cli/check/all-checks.js';
import { createAgentClient } from '../../../src/cli/http/agent-client.js';
import { parseAgentAddress } from '../../../src/cli/http/agent-address.js';
import { makeAgentCa, makeAgentCertificate } from '../../../src/cli/tls/index.js';
import { type FakeAnswer, startFakeAgent } from '../support/fake-agent.js';
import { run } from '../support/run.js';

const DOCS = readFileSync(fileURLToPath(new URL('../../../docs/installation-checks.md', import.meta.url)), 'utf8');
const IN_A_YEAR = new Date(Date.now() + 365 * 86_400_000).toISOString();

const proxy = { Node: 'n1', ProxyID: 'web-sidecar-proxy', Connected: true, Version: '1.40.0', Refused: 0 };
function backups(changes: object) {
  const Newest = { Name: 'x', At: new Date().toISOString(), SizeBytes: 1 };
  return {
    Configured: true,
    Place: '/b',
    Interval: '1h0m0s',
    Retain: 3,
    Server: 'one',
    Newest,
    Failure: null,
    ...changes,
  };
}

/** An installation with which nothing is wrong. */
const healthy: Readonly<Record<string, FakeAnswer>> = {
  '/v1/catalog/datacenters': { body: ['dc1'] },
  '/v1/status/leader': { body: '"127.0.0.1:8300"' },
  '/v1/operator/autopilot/health': { body: { Servers: [{ Name: 'one', Healthy: true }] } },
  '/v1/operator/autopilot/state': {
    body: {
      Servers: {
        a: { Name: 'm0', Meta: { etcd_version: '3.6.6', etcd_db_size_bytes: '1000' } },
        b: { Name: 'x', Meta: {} },
      },
    },
  },
  '/v1/connect/ca/roots': { body: { Roots: [{ Active: true, NotAfter: IN_A_YEAR }] } },
  '/v1/agent/self': {
    body: {
      Config: { NodeName: 'n1' },
      DebugConfig: { GRPCAddrs: ['tcp://127.0.0.1:8502'], TLS: { GRPC: { CertFile: '' } } },
    },
  },
  '/v1/agent/services': { body: { web: {} } },
  '/v1/catalog/node-services/n1': { body: { Services: [{ ID: 'web' }, { ID: 'consul' }] } },
  '/v1/mesh/proxies': { body: [proxy] },
  '/v1/mesh/backups': { body: backups({}) },
};

const self = (changes: object) => ({
  body: {
    Config: { NodeName: 'n1' },
    DebugConfig: { GRPCAddrs: ['tcp://0.0.0.0:8502'], TLS: { GRPC: { CertFile: '' } }, ...changes },
  },
});

async function address(changes: Readonly<Record<string, FakeAnswer>> = {}): Promise<string> {
  const agent = await startFakeAgent(({ path }) => changes[path] ?? healthy[path]);
  onTestFinished(() => agent.close());
  return agent.address;
}

function folder(mode: number): string {
  const made = mkdtempSync(join(tmpdir(), 'meshwright-check-'));
  onTestFinished(() => rmSync(made, { recursive: true, force: true }));
  mkdirSync(join(made, 'state'));
  chmodSync(join(made, 'state'), mode);
  chmodSync(made, 0o755);
  return made;
}

async function finding(
  id: string,
  changes: Readonly<Record<string, FakeAnswer>>,
  dataDir = '',
  nowMs = Date.now,
  configFile?: string,
) {
  const one = allChecks.find((each) => each.id === id);
  if (!one) throw new Error(`no check ${id}`);
  const settings = {
    address: parseAgentAddress(await address(changes), false),
    token: '',
    basicAuth: '',
    datacenter: '',
  };
  const agent = createAgentClient({ ...settings, namespace: '', partition: '', stale: false, tls: { verify: true } });
  const configuration = () => Promise.resolve(configFile === undefined ? undefined : readConfiguration([configFile]));
  return one.run({ agent, dataDir, configuration, nowMs });
}

/** A configuration file of a server, in a folder of its own, with what a test adds. */
function configFile(nodeName: string, text: string, open = ''): string {
  const made = folder(0o700);
  const file = join(made, 'agent.hcl');
  const ports = `ports {\n  https = -1\n  grpc = -1\n  grpc_tls = -1\n${open || '  http = -1\n  dns = -1\n'}}`;
  writeFileSync(file, `server = true\nnode_name = "${nodeName}"\ndata_dir = "${made}"\n${ports}\n${text}\n`);
  return file;
}

/** Certificates with their keys as files: of two authorities, one certificate each. */
async function tlsFiles() {
  const made = folder(0o700);
  const write = (name: string, text: string): string => {
    writeFileSync(join(made, name), text);
    return join(made, name);
  };
  const make = async (name: string) => {
    const ca = await makeAgentCa({ commonName: name, days: 365, clusterId: '', permittedDomains: [] });
    const { certificatePem: caPem, privateKeyPem: caKeyPem } = ca;
    const names = { dnsNames: ['localhost'], ipAddresses: [], isAgent: true };
    const own = await makeAgentCertificate({ caPem, caKeyPem, days: 100, ...names });
    return {
      caPem,
      certPem: own.certificatePem,
      ca: write(`${name}-ca.pem`, caPem),
      cert: write(`${name}.pem`, own.certificatePem),
      key: write(`${name}-key.pem`, own.privateKeyPem),
    };
  };
  return { write, left: await make('left'), right: await make('right') };
}

const tlsOf = (files: Readonly<Record<string, string>>): string =>
  `tls { https {\n${Object.entries(files)
    .map(([option, path]) => `${option} = "${path}"\n`)
    .join('')}} }`;

const anHourAndAnotherAgo = new Date(Date.now() - 2 * 3_600_000 - 1000).toISOString();
const refusedStore = { Failure: { At: anHourAndAnotherAgo, Error: 'the bucket is gone' } };
const noBackups = { '/v1/mesh/backups': { body: { Configured: false } } };
const savingIs = (Status: string) => ({
  ...noBackups,
  '/v1/health/checks/consul-snapshot': {
    body: [{ Node: 'n1', Name: 'Consul Snapshot Agent Saving Snapshots', Status, Output: 'disk full' }],
  },
});

const soon = new Date(Date.now() + 86_400_000).toISOString();
const past = new Date(Date.now() - 1000).toISOString();
const root = (NotAfter: string) => ({ '/v1/connect/ca/roots': { body: { Roots: [{ Active: true, NotAfter }] } } });

const etcdIs = (meta: object) => ({
  '/v1/operator/autopilot/state': {
    body: { Servers: { a: { Name: 'm0', Meta: { etcd_version: '3.6.6', etcd_db_size_bytes: '1000', ...meta } } } },
  },
});

describe('meshwright check', () => {
  test('finds nothing where nothing is wrong', async () => {
    const options = [`-http-addr=${await address()}`, `-data-dir=${folder(0o700)}`];
    const { code, out, err } = await run(['check', ...options, `-config-file=${configFile('n1', '')}`]);
    expect([code, err]).toEqual([0, '']);
    const lines = out.split('\n').filter((line) => /^(?:ok|warn|FAIL|skip) /.test(line));
    expect(lines).toHaveLength(allChecks.length);
    // The disk of the machine that runs this may be nearly full.
    expect(lines.filter((line) => !line.startsWith('ok') && !line.includes('little-disk'))).toEqual([]);
  });

  test.each<readonly [string, string, RegExp, Readonly<Record<string, FakeAnswer>>]>([
    ['no-quorum', 'problem', /503: no majority/, { '/v1/catalog/datacenters': { status: 503, body: 'no majority' } }],
    ['no-quorum', 'problem', /no server leads/, { '/v1/status/leader': { body: '""' } }],
    [
      'unhealthy-server',
      'problem',
      /unhealthy: two/,
      {
        '/v1/operator/autopilot/health': {
          status: 429,
          body: {
            Servers: [
              { Name: 'one', Healthy: true },
              { Name: 'two', Healthy: false },
            ],
          },
        },
      },
    ],
    [
      'unhealthy-server',
      'skipped',
      /403/,
      { '/v1/operator/autopilot/health': { status: 403, body: 'Permission denied' } },
    ],
    ['root-expires', 'warning', /ends at/, root(soon)],
    ['root-expires', 'problem', /ended at/, root(past)],
    ['root-expires', 'problem', /no active root/, { '/v1/connect/ca/roots': { body: { Roots: [] } } }],
    ['plaintext-xds', 'warning', /0\.0\.0\.0:8502/, { '/v1/agent/self': self({}) }],
    ['plaintext-xds', 'fine', /^$/, { '/v1/agent/self': self({ TLS: { GRPC: { CertFile: '/tls/server.pem' } } }) }],
    ['old-etcd', 'problem', /older: m0 \(3\.5\.5\)/, etcdIs({ etcd_version: '3.5.5' })],
    ['old-etcd', 'skipped', /403/, { '/v1/operator/autopilot/state': { status: 403, body: 'Permission denied' } }],
    [
      'etcd-space',
      'warning',
      /m0 has 81 MiB of 100 MiB/,
      etcdIs({ etcd_db_size_bytes: `${81 << 20}`, etcd_quota_bytes: `${100 << 20}` }),
    ],
    ['etcd-space', 'warning', /m0 has 1800 MiB of 2048 MiB/, etcdIs({ etcd_db_size_bytes: `${1800 << 20}` })],
    ['etcd-alarm', 'problem', /m0: NOSPACE/, etcdIs({ etcd_alarms: 'NOSPACE' })],
    [
      'agent-out-of-sync',
      'problem',
      /missing in the catalog: web; unknown to the agent: db/,
      { '/v1/catalog/node-services/n1': { body: { Services: [{ ID: 'db' }] } } },
    ],
    [
      'refused-configuration',
      'problem',
      /n1\/web-sidecar-proxy/,
      { '/v1/mesh/proxies': { body: [{ ...proxy, Refused: 2 }] } },
    ],
    [
      'refused-configuration',
      'fine',
      /^$/,
      { '/v1/mesh/proxies': { body: [{ ...proxy, Refused: 2, Connected: false }] } },
    ],
    [
      'old-envoy',
      'warning',
      /n1\/web-sidecar-proxy/,
      { '/v1/mesh/proxies': { body: [{ ...proxy, Version: '1.35.9' }] } },
    ],
    [
      'old-backup',
      'problem',
      /^the newest is of .*; one: the bucket is gone$/,
      { '/v1/mesh/backups': { body: backups({ Newest: { At: anHourAndAnotherAgo }, ...refusedStore }) } },
    ],
    ['old-backup', 'warning', /the bucket is gone/, { '/v1/mesh/backups': { body: backups(refusedStore) } }],
    [
      'old-backup',
      'problem',
      /none in \/b; one: the bucket is gone/,
      { '/v1/mesh/backups': { body: backups({ Newest: null, ...refusedStore }) } },
    ],
    ['old-backup', 'warning', /none in \/b yet/, { '/v1/mesh/backups': { body: backups({ Newest: null }) } }],
    ['old-backup', 'skipped', /404/, { '/v1/mesh/backups': { status: 404 } }],
    [
      'old-backup',
      'warning',
      /the servers take none, and no snapshot agent leads/,
      { ...noBackups, '/v1/health/checks/consul-snapshot': { body: [] } },
    ],
    ['old-backup', 'fine', /^$/, savingIs('passing')],
    ['old-backup', 'problem', /n1: disk full/, savingIs('critical')],
  ])('%s: %s', async (id, state, says, changes) => {
    const found = await finding(id, changes);
    expect(found.state).toBe(state);
    expect('says' in found ? found.says : '').toMatch(says);
  });

  test.each([-60_000, 60_000])('clock-skew: a clock that is off by %d ms', async (offMs) => {
    expect(await finding('clock-skew', {}, '', () => Date.now() + offMs)).toMatchObject({
      state: 'problem',
      says: expect.stringMatching(/they differ by about (?:59|60) s/) as string,
    });
  });

  test('open-data-dir and little-disk: a directory that others read, and one that is not there', async () => {
    const open = folder(0o755);
    expect(await finding('open-data-dir', {}, open)).toEqual({
      state: 'problem',
      says: `others have rights to ${join(open, 'state')}`,
    });
    for (const id of ['open-data-dir', 'little-disk']) {
      expect(await finding(id, {}, '/does/not/exist')).toMatchObject({ state: 'problem' });
      expect(await finding(id, {})).toMatchObject({ state: 'skipped' });
    }
  });

  test('old-etcd: members of several versions', async () => {
    const Servers = Object.fromEntries(
      ['3.5.21', '3.6.6'].map((etcd_version) => [etcd_version, { Meta: { etcd_version } }]),
    );
    expect(await finding('old-etcd', { '/v1/operator/autopilot/state': { body: { Servers } } })).toEqual({
      state: 'warning',
      says: 'they are of versions 3.5, 3.6',
    });
  });

  test('port-taken: a port that another program has, over TCP and UDP; the agent itself may have it', async () => {
    const other = createServer();
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => void other.close());
    const { port } = other.address() as { port: number };
    const udp = createSocket('udp4');
    await new Promise<void>((resolve) => udp.bind(port, '127.0.0.1', resolve));
    onTestFinished(() => void udp.close());
    const ports = `  http = ${port}\n  dns = ${port}\n`;
    expect(await finding('port-taken', {}, '', Date.now, configFile('another', '', ports))).toEqual({
      state: 'problem',
      says: `ports.http: 127.0.0.1 ${port} is taken; ports.dns: 127.0.0.1 ${port} is taken; ports.dns: 127.0.0.1 ${port} (UDP) is taken`,
    });
    expect(await finding('port-taken', {}, '', Date.now, configFile('n1', '', ports))).toEqual({ state: 'fine' });
    expect(await finding('port-taken', {}, '', Date.now, configFile('another', ''))).toEqual({ state: 'fine' });
  });

  test('option-without-effect: options are named', async () => {
    const file = configFile('n1', 'raft_protocol = 3');
    expect(await finding('option-without-effect', {}, '', Date.now, file)).toEqual({
      state: 'warning',
      says: 'none has raft_protocol',
    });
  });

  test('TLS files: lifetime, key and chain', async () => {
    const { left, right, write } = await tlsFiles();
    const look = (id: string, files: Readonly<Record<string, string>>, inDays = 0) =>
      finding(id, {}, '', () => Date.now() + inDays * 86_400_000, configFile('n1', tlsOf(files)));
    const good = { ca_file: left.ca, cert_file: left.cert, key_file: left.key };
    for (const id of ['tls-file-expires', 'tls-key-mismatch', 'tls-chain'])
      expect([id, await look(id, good)]).toEqual([id, { state: 'fine' }]);

    expect(await look('tls-file-expires', good, 80)).toMatchObject({ state: 'warning' });
    expect(await look('tls-file-expires', good, 101)).toMatchObject({ state: 'problem' });
    expect(await look('tls-file-expires', { ...good, cert_file: left.key })).toEqual({
      state: 'problem',
      says: `${left.key} holds no certificate in PEM`,
    });

    expect(await look('tls-key-mismatch', { ...good, key_file: right.key })).toEqual({
      state: 'problem',
      says: `tls.https: ${right.key} is not the key of ${left.cert}`,
    });
    expect(await look('tls-key-mismatch', { ...good, key_file: left.cert })).toMatchObject({ state: 'problem' });

    expect(await look('tls-chain', { ...good, ca_file: right.ca })).toMatchObject({ state: 'warning' });
    const mixed = write('mixed.pem', left.certPem + right.caPem);
    expect(await look('tls-chain', { ...good, cert_file: mixed })).toMatchObject({
      state: 'problem',
      says: expect.stringContaining('certificate 1') as string,
    });
    const whole = write('whole.pem', left.certPem + left.caPem);
    expect(await look('tls-chain', { ...good, cert_file: whole })).toEqual({ state: 'fine' });
  });

  test('a configuration that is not named is not looked at; one that is no good is a problem', async () => {
    const ids = ['port-taken', 'option-without-effect', 'tls-file-expires', 'tls-key-mismatch', 'tls-chain'];
    for (const id of ids) expect(await finding(id, {})).toMatchObject({ state: 'skipped' });
    const bad = configFile('n1', 'nonsense = 1');
    const { code, out } = await run([
      'check',
      `-http-addr=${await address()}`,
      `-config-file=${bad}`,
      '-only=port-taken',
    ]);
    expect(code).toBe(2);
    expect(out).toContain('nonsense');
  });

  test('every check has a fix, and a place in the documentation that says the same', () => {
    for (const { id, about, fix } of allChecks) {
      expect(DOCS).toContain(`\n## ${id}\n\n${about}.\n`);
      expect(DOCS).toContain(fix);
    }
  });

  test('says what to do, ends with 2 for a problem, and runs only what is asked for', async () => {
    const agent = await address({ '/v1/status/leader': { body: '""' } });
    const pretty = await run(['check', `-http-addr=${agent}`, '-only=no-quorum', '-only=root-expires']);
    expect(pretty.code).toBe(2);
    expect(pretty.out).toMatch(
      /^FAIL {2}no-quorum: .*\n {6}no server leads\n {6}Start the servers.*\nok {4}root-expires: .*\n$/,
    );
    const json = await run(['check', `-http-addr=${agent}`, '-only=no-quorum', '-format=json']);
    expect(JSON.parse(json.out)).toMatchObject([
      { ID: 'no-quorum', State: 'problem', Docs: 'docs/installation-checks.md#no-quorum' },
    ]);
    expect(await run(['check', '-only=nonsense'])).toMatchObject({
      code: 1,
      err: expect.stringContaining('There is no check "nonsense"') as string,
    });
  });

  test('goes on when the agent is not reached, and says so', async () => {
    const { code, out } = await run(['check', '-http-addr=127.0.0.1:1', '-only=no-quorum', '-only=old-envoy']);
    expect(code).toBe(2);
    expect(out.match(/cannot reach the agent/g)).toHaveLength(2);
  });
});
