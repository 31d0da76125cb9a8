import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { loadAgentConfig } from '../../../src/agent/config/index.js';

const folders: string[] = [];
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true });
});

function folderOf(files: Readonly<Record<string, string>>): string {
  const folder = mkdtempSync(join(tmpdir(), 'config-'));
  folders.push(folder);
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
  return folder;
}
const load = (files: Readonly<Record<string, string>>, ...argv: string[]) =>
  loadAgentConfig(['-config-dir', folderOf(files), ...argv], 'host');

describe('flags', () => {
  it('of development mode are enough by themselves', () => {
    const { config } = loadAgentConfig(['-dev'], 'host');
    expect(config).toMatchObject({
      devMode: true,
      server: true,
      nodeName: 'host',
      dataDir: '',
      defaultIntentionPolicy: 'allow',
    });
    expect(config.ports).toMatchObject({ http: 8500, grpc: 8502, grpcTls: 8503 });
  });

  it('are read with one dash or two, with = or without', () => {
    const { config } = loadAgentConfig(
      ['-dev', '--node=a', '-http-port', '1', '-grpc-port=-1', '--server=true'],
      'host',
    );
    expect([config.nodeName, config.ports.http, config.ports.grpc]).toEqual(['a', 1, -1]);
  });

  it.each([
    [['-dev', '-nope'], /flag provided but not defined: -nope/],
    [['-dev', '-node'], /-node needs a value/],
    [['-dev', '-http-port', 'x'], /a whole number is needed, not "x"/],
    [['-dev', '-http-port', '70000'], /between -1 \(closed\) and 65535/],
    [['-dev', 'stray'], /unexpected argument "stray"/],
    [['-server'], /data_dir cannot be empty/],
    [['-data-dir', '/d'], /an agent without -server is a client agent.*-retry-join/],
    [['-data-dir', '/d', '-retry-join', 'a'], /needs a join token to be let in: "meshwright operator join-token"/],
    [['-data-dir', '/d', '-hcl', 'auto_config { enabled = true }'], /-retry-join.*; auto_config has no effect here/],
    [['-dev', '-config-file', '/does/not/exist.hcl'], /cannot read configuration/],
  ])('%j are refused with one sentence', (argv, sentence) => {
    expect(() => loadAgentConfig(argv, 'host')).toThrow(sentence);
  });

  it('say where the node is', () => {
    const locality = (text: string) => load({ 'a.hcl': text }, '-dev').config.locality;
    expect(locality('locality { region = "eu" zone = "eu-1" }')).toEqual({ region: 'eu', zone: 'eu-1' });
    expect(locality('locality = { region = "eu" }')).toEqual({ region: 'eu', zone: '' });
    expect(locality('')).toBeUndefined();
    expect(() => locality('locality { zone = "eu-1" }')).toThrow('zone cannot be set without region');
  });

  it('of Consul that mean nothing here are accepted and named', () => {
    expect(loadAgentConfig(['-dev', '-ui', '-retry-join-wan', '10.0.0.1'], 'host').withoutEffect).toEqual([
      '-ui',
      '-retry-join-wan',
    ]);
  });

  it('are answered by what to use instead, where there is something', () => {
    const { withoutEffect, warnings } = load({ 'a.hcl': 'auto_config { enabled = true }' }, '-dev');
    expect(withoutEffect).toEqual(['auto_config']);
    expect(warnings).toEqual([expect.stringMatching(/^auto_config has no effect here: .* join token .* auto_encrypt/)]);
  });
});

describe('files', () => {
  it('are merged in the order of their names: scalars replaced, lists appended, maps merged; flags win', () => {
    const { config } = load(
      {
        'a.hcl': 'node_name = "a"\nports { http = 1 dns = 2 }\nservice { name = "one" }\nnode_meta { x = "1" }',
        'b.json': '{"ports": {"http": 3}, "services": [{"name": "two"}], "node_meta": {"y": "2"}, "log_level": "WARN"}',
        'ignored.txt': 'no configuration at all {',
      },
      '-dev',
      '-node',
      'flag',
    );
    expect([config.nodeName, config.ports.http, config.ports.dns, config.log.level]).toEqual(['flag', 3, 2, 'warn']);
    expect(config.nodeMeta).toEqual({ x: '1', y: '2' });
    expect(config.services.map(({ service }) => service)).toEqual(['one', 'two']);
  });

  it('define services with nested sidecars as people write them', () => {
    const { config } = load(
      {
        'web.hcl': `service {
  name = "web", port = 80
  connect { sidecar_service { proxy { upstreams = [{ destination_name = "api", local_bind_port = 9191 }] } } }
  check { id = "alive", ttl = "10s" }
}`,
      },
      '-dev',
    );
    const [web] = config.services;
    expect(web).toMatchObject({ service: 'web', port: 80, checks: [{ checkId: 'alive', ttlMs: 10_000 }] });
    expect(web?.sidecar?.proxy?.upstreams).toMatchObject([{ destinationName: 'api', localBindPort: 9191 }]);
  });

  it('takes a root of the operator with its key, and shows the certificate only', () => {
    const root = { root_cert: 'a certificate', private_key: 'a secret' };
    const { config } = load({ 'a.json': JSON.stringify({ connect: { ca_config: root } }) }, '-dev');
    expect(config.ca.own).toEqual({ certPem: 'a certificate', privateKeyPem: 'a secret' });
    expect(config.ca.given).toMatchObject({ RootCert: 'a certificate', PrivateKey: '' });
    for (const half of [{ root_cert: 'a certificate' }, { private_key: 'a secret' }])
      expect(() => load({ 'a.json': JSON.stringify({ connect: { ca_config: half } }) }, '-dev')).toThrow(
        'private_key and root_cert belong together',
      );
  });

  it('may shorten leaves to a minute and name the trust domain', () => {
    const { config } = load({ 'a.hcl': 'connect { ca_config { cluster_id = "x" leaf_cert_ttl = "1m" } }' }, '-dev');
    expect(config.ca).toMatchObject({ clusterId: 'x', leafTtlMs: 60_000 });
    expect(() => load({ 'a.hcl': 'connect { ca_config { leaf_cert_ttl = "5s" } }' }, '-dev')).toThrow(
      /leaf_cert_ttl must be between 1m/,
    );
  });

  it.each([
    ['a.hcl', 'nodename_typo = "x"', /a\.hcl: "nodename_typo" is not a known field/],
    ['a.json', '{"ports": {"htp": 1}}', /"[Pp]orts\.htp" is not a known field/],
    ['a.hcl', 'ports {\n  http = \n}', /a\.hcl, line \d+, column \d+/],
    ['a.json', '{"ports": ', /line 1, column \d+/],
    ['a.hcl', 'default_intention_policy = "maybe"', /must be "allow" or "deny"/],
    ['a.hcl', 'service { port = 80 }', /Missing service name/],
  ])('that are wrong (%s) are refused with the place: %s', (name, text, sentence) => {
    expect(() => load({ [name]: text }, '-dev')).toThrow(sentence);
  });

  it('may carry options that mean nothing here; those are named once', () => {
    const { withoutEffect } = load({ 'a.hcl': 'raft_protocol = 3\nacl { token_ttl = "1s" }\nautopilot { }' }, '-dev');
    expect(withoutEffect).toEqual(['raft_protocol', 'acl.token_ttl', 'autopilot']);
  });

  it('with a default policy of deny make every call need an intention', () => {
    const { config } = load({ 'a.hcl': 'acl { enabled = true default_policy = "deny" }' }, '-dev');
    expect(config.defaultIntentionPolicy).toBe('deny');
  });
});
