import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type DebianTools, type Tool, debianTools } from '../support/debian/debian-tools.js';
import { freePort, until } from '../support/envoy-rig/index.js';
import { notRun } from '../support/not-run.js';
import { type ClientAgent, healthyInstance, startClientAgent } from './support/client-agent.js';
import { runProgram } from './support/program.js';

/** DNS as dig and a strict resolver, unbound, see it. */

let agent: ClientAgent;
let tools: DebianTools;

function needs(context: TestContext, ...programs: readonly Tool[]): void {
  const why = tools.whyNot(...programs);
  if (why !== undefined) notRun(context, why);
}

beforeAll(async () => {
  tools = debianTools();
  agent = await startClientAgent({ config: { dns_config: { enable_truncate: true } } });
  for (let number = 1; number <= 3; number += 1)
    await agent.put('/v1/catalog/register', healthyInstance('dns-web', number));
  for (let number = 1; number <= 60; number += 1)
    await agent.put('/v1/catalog/register', healthyInstance('dns-many', number));
});
afterAll(() => agent.stop());

async function dig(port: number, ...words: string[]): Promise<string> {
  const args = ['@127.0.0.1', '-p', String(port), '+time=5', '+tries=1', ...words];
  const { code, output } = await runProgram('dig', args, { env: { PATH: tools.path } });
  expect(code, output).toBe(0);
  return output;
}

const lines = (text: string): string[] => text.trim().split('\n').filter(Boolean).sort();

describe('dig', () => {
  test('finds the addresses of a service, and their ports', async (context) => {
    needs(context, 'dig');
    expect(lines(await dig(agent.dns, '+short', 'dns-web.service.consul'))).toEqual([
      '10.9.0.1',
      '10.9.0.2',
      '10.9.0.3',
    ]);
    const targets = lines(await dig(agent.dns, '+short', 'dns-web.service.consul', 'SRV'));
    expect(targets).toEqual([1, 2, 3].map((at) => `1 1 ${8_000 + at} dns-web-node-${at}.node.dc1.consul.`));
  });

  test('reads whole messages without a word of complaint: flags, authority, EDNS, a name that is not there', async (context) => {
    needs(context, 'dig');
    const found = await dig(agent.dns, '+edns=0', '+bufsize=4096', 'dns-web.service.consul', 'SRV');
    expect(found).toMatch(/status: NOERROR/);
    expect(found).toMatch(/flags: qr aa rd;/);
    expect(found).toMatch(/ANSWER: 3, AUTHORITY: 0, ADDITIONAL: [47]/);
    expect(found).not.toMatch(/;; (?:Warning|Got bad|WARNING: Message)/);
    const missing = await dig(agent.dns, 'none.service.consul');
    expect(missing).toMatch(/status: NXDOMAIN/);
    expect(missing).toMatch(/SOA\s+ns\.consul\. hostmaster\.consul\./);
  });

  test('is led to TCP by an answer that is cut (enable_truncate), and gets all of it there', async (context) => {
    needs(context, 'dig');
    const cut = await dig(agent.dns, '+noedns', '+ignore', 'dns-many.service.consul', 'SRV');
    expect(cut).toMatch(/flags: qr aa tc rd;/);
    expect(cut).not.toMatch(/;; Warning/);
    const whole = await dig(agent.dns, '+noedns', '+short', 'dns-many.service.consul', 'SRV');
    expect(lines(whole)).toHaveLength(60);
  });

  test('finds a node by its address', async (context) => {
    needs(context, 'dig');
    expect(await dig(agent.dns, '+short', '-x', '10.9.0.3')).toMatch(/\.node\.dc1\.consul\.$/m);
  });
});

describe('unbound', () => {
  test('forwards consul. to us, and hands on what we answer', async (context) => {
    needs(context, 'dig', 'unbound');
    const port = await freePort();
    const folder = join(agent.rig.folder, 'unbound');
    mkdirSync(folder);
    const file = join(folder, 'unbound.conf');
    writeFileSync(
      file,
      [
        'server:',
        '  interface: 127.0.0.1',
        `  port: ${port}`,
        '  do-daemonize: no',
        '  do-not-query-localhost: no',
        '  use-syslog: no',
        '  chroot: ""',
        '  username: ""',
        `  directory: "${folder}"`,
        `  pidfile: "${join(folder, 'pid')}"`,
        '  module-config: "iterator"',
        '  domain-insecure: "consul."',
        '  private-domain: "consul."',
        '  qname-minimisation: yes',
        '  harden-below-nxdomain: yes',
        '  use-caps-for-id: yes',
        'forward-zone:',
        '  name: "consul."',
        `  forward-addr: 127.0.0.1@${agent.dns}`,
        'remote-control:',
        '  control-enable: no',
        '',
      ].join('\n'),
    );
    const unbound = agent.rig.start('unbound', 'unbound', ['-d', '-c', file], { PATH: tools.path });
    await until('unbound answering', async () => {
      unbound.assertRunning();
      return (await dig(port, '+short', 'dns-web.service.consul')).includes('10.9.0.1');
    });
    expect(lines(await dig(port, '+short', 'dns-web.service.consul'))).toHaveLength(3);
    expect(lines(await dig(port, '+short', 'dns-web.service.consul', 'SRV'))).toHaveLength(3);
    // Below a name that has nothing of its own: minimised queries must not be told that nothing is there.
    expect(await dig(port, '+short', 'dns-web-node-2.node.dc1.consul')).toBe('10.9.0.2\n');
    expect(await dig(port, 'none.service.consul')).toMatch(/status: NXDOMAIN/);
    expect(lines(await dig(port, '+short', 'dns-many.service.consul', 'SRV'))).toHaveLength(60);
  });
});
