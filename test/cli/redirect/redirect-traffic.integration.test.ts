import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { debianTools } from '../../support/debian/debian-tools.js';
import { REDIRECT_TOOLS, whyNoRedirection } from '../../support/debian/redirect-tools.js';
import { notRun } from '../../support/not-run.js';
import { type FakeAgent, type FakeAnswer, startFakeAgent } from '../support/fake-agent.js';
import { run } from '../support/run.js';

const main = fileURLToPath(new URL('../../../dist/main.js', import.meta.url));
/** A PATH on which nft and iptables are, where they can be had. */
let path: string;
beforeAll(() => {
  path = debianTools().path;
});
const where = (program: string): string =>
  spawnSync('sh', ['-c', `command -v ${program}`], { encoding: 'utf8', env: { PATH: path } }).stdout.trim();
const command = ['connect', 'redirect-traffic'];
const fixed = ['-proxy-uid', '5678', '-proxy-inbound-port', '21000'];

describe('of a registered proxy', () => {
  let agent: FakeAgent;
  let answer: (url: string) => FakeAnswer | undefined;
  beforeEach(async () => {
    agent = await startFakeAgent((request) => answer(request.url));
  });
  afterEach(() => agent.close());

  const registration = (proxy: object): FakeAnswer => ({
    body: JSON.stringify({ Kind: 'connect-proxy', ID: 'web-proxy', Service: 'web-proxy', Port: 21_005, Proxy: proxy }),
  });
  const dryRun = (...argv: readonly string[]) =>
    run([...command, '-dry-run', '-proxy-uid', '5678', '-proxy-id', 'web-proxy', ...argv], {
      env: { CONSUL_HTTP_ADDR: agent.address, PATH: path },
    });

  test('the registration says which ports are used, and which are left open', async (context) => {
    const { whyNot } = debianTools();
    const why = whyNot('nft');
    if (why !== undefined && whyNot('iptables-restore', 'iptables-save') !== undefined) notRun(context, why);
    answer = (url) =>
      url.startsWith('/v1/agent/checks')
        ? {
            body: JSON.stringify({
              a: { ServiceID: 'web', ExposedPort: 21_501 },
              b: { ServiceID: 'x', ExposedPort: 9 },
            }),
          }
        : registration({
            DestinationServiceName: 'web',
            DestinationServiceID: 'web',
            Mode: 'transparent',
            TransparentProxy: { OutboundListenerPort: 15_100 },
            Expose: { Checks: true, Paths: [{ ListenerPort: 20_100 }] },
            Config: {
              envoy_prometheus_bind_addr: '0.0.0.0:9102',
              envoy_stats_bind_addr: '127.0.0.1:9103',
              bind_port: 21_006,
            },
          });
    const { code, out, err } = await dryRun('-exclude-inbound-port', '22');
    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect(out).toMatch(/redirect to :21006|REDIRECT --to-ports 21006/);
    expect(out).toMatch(/redirect to :15100|REDIRECT --to-ports 15100/);
    for (const port of [22, 9102, 9103, 20_100, 21_501]) expect(out).toMatch(new RegExp(`dport ${port}\\b`));
    expect(out).not.toMatch(/dport 9\b/);
  });

  test('that is not transparent a warning is given', async () => {
    answer = () => registration({ DestinationServiceName: 'web' });
    expect((await dryRun()).err).toContain('"web-proxy" is not in transparent mode');
  });

  test('that is not there one sentence says so', async () => {
    answer = () => ({ status: 404, body: 'unknown service ID: web-proxy' });
    expect(await dryRun()).toMatchObject({
      code: 1,
      err: 'Error reading the proxy: the agent has no proxy "web-proxy"; register it first, or give -node-name when it is registered with another node\n',
    });
  });
});

describe('what cannot be done is said in a sentence', () => {
  const refused = async (...argv: readonly string[]) => (await run([...command, ...argv], { env: { PATH: path } })).err;

  test('what is missing', async () => {
    expect(await refused('-proxy-inbound-port', '1')).toContain('-proxy-uid is required');
    expect(await refused('-proxy-uid', '1')).toContain('either -proxy-id or -proxy-inbound-port are required');
    expect(await refused(...fixed, '-node-name', 'a')).toContain('-node-name needs -proxy-id');
    expect(await refused(...fixed, '-exclude-outbound-cidr', 'x')).toContain('"x" is not an address range');
  });

  test('no tool; the rules are shown all the same', async () => {
    const env = { PATH: '/nowhere' };
    const { code, err } = await run([...command, ...fixed], { env });
    expect(code).toBe(1);
    expect(err).toMatch(
      /neither nft nor iptables-restore is on the PATH; install nftables or iptables|needs root|on Linux only/,
    );
    const shown = await run([...command, ...fixed, '-dry-run'], { env });
    expect(shown).toMatchObject({ code: 0, err: '' });
    expect(shown.out).toMatch(/^# nft -f -\n[^]*redirect to :21000\b/);
  });

  test('no such namespace, and no rights', async (context) => {
    if (process.platform !== 'linux') notRun(context, 'traffic is redirected on Linux only');
    const why = debianTools().whyNot('nft');
    if (why !== undefined) notRun(context, why);
    expect(await refused(...fixed, '-netns', 'nobody-made-this')).toMatch(/there is no network namespace|needs root/);
    if (spawnSync('setpriv', ['--version']).status !== 0) return;
    const { stderr } = spawnSync(
      'setpriv',
      [
        '--bounding-set=-all',
        '--inh-caps=-all',
        '--reuid=65534',
        '--clear-groups',
        process.execPath,
        main,
        ...command,
        ...fixed,
      ],
      { encoding: 'utf8', env: { ...process.env, PATH: path } },
    );
    // Another user may not be allowed to read the program; then this proves nothing.
    if (!/EACCES|Cannot find module|permission denied/i.test(stderr))
      expect(stderr).toContain('needs root, or the capability NET_ADMIN');
  });
});

describe.each([
  ['nft', 'nft list ruleset'],
  ['iptables', 'iptables-save -t nat; ip6tables-save -t nat'],
] as const)('in a network namespace of its own, with %s', (tool, list) => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'redirect-'));
    for (const program of REDIRECT_TOOLS[tool])
      if (where(program) !== '') symlinkSync(where(program), join(folder, program));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  /** Runs the command there with these flags, one run after another, and lists the rules after each. */
  const rulesAfter = (...runs: readonly (readonly string[])[]): string[] => {
    const script = runs
      .map(
        (argv) =>
          `PATH=${folder} ${process.execPath} ${main} ${[...command, ...fixed, ...argv].join(' ')} && echo ==== && { ${list}; }`,
      )
      .join(' && echo ===next && ');
    const out = execFileSync('unshare', ['-n', 'sh', '-c', script], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, PATH: path },
    });
    return out.split('===next').map((part) => part.split('====')[1]?.replace(/^#.*$|\[\d+:\d+\]/gm, '') ?? '');
  };

  test('rules are there once, however often it runs, and go with what asks for them', (context) => {
    const why = whyNoRedirection(tool);
    if (why !== undefined) notRun(context, why);
    const dns = ['-consul-dns-ip', '10.0.0.2', '-exclude-uid', '0', '-exclude-outbound-cidr', '10.0.0.0/8'];
    const [first = '', again = '', changed = ''] = rulesAfter(dns, dns, ['-ipv6=false']);
    expect(first).toMatch(/5678/);
    expect(first).toMatch(/10\.0\.0\.2/);
    expect(again).toBe(first);
    expect(changed).not.toMatch(/10\.0\.0\.2|jump CONSUL_DNS|-A OUTPUT.*CONSUL_DNS|ip6 meshwright/);
    expect(changed.match(/(?:jump|-A OUTPUT .*-j) CONSUL_PROXY_OUTPUT/g)).toHaveLength(1);
  });
});
