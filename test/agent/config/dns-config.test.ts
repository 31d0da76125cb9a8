import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { type LoadedConfig, loadAgentConfig } from '../../../src/agent/config/index.js';

const folders: string[] = [];
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true });
});

function load(text: string, ...argv: string[]): LoadedConfig {
  const folder = mkdtempSync(join(tmpdir(), 'config-'));
  folders.push(folder);
  writeFileSync(join(folder, 'dns.hcl'), text);
  return loadAgentConfig(['-dev', '-config-dir', folder, ...argv], 'host');
}

describe('the options of DNS', () => {
  it('have the defaults of Consul', () => {
    const { config } = load('');
    expect([config.dnsAddresses, config.ports.dns]).toEqual([['127.0.0.1'], 8600]);
    expect(config.dns).toMatchObject({
      domain: 'consul',
      altDomain: '',
      recursors: [],
      recursorTimeoutMs: 2000,
      allowStale: true,
      maxStaleMs: 87_600 * 3_600_000,
      useCache: false,
      cacheMaxAgeMs: 0,
      udpAnswerLimit: 3,
      soa: { refreshSeconds: 3600, retrySeconds: 600, expireSeconds: 86_400, minTtlSeconds: 0 },
    });
  });

  it('are all read', () => {
    const { config, withoutEffect } = load(`
      domain = "Mesh.Example." alt_domain = "consul"
      recursors = ["10.0.0.53", "[fd00::53]:5353"]
      addresses { dns = "127.0.0.2" }
      dns_config {
        node_ttl = "20s" service_ttl { "Web" = "30s" "db-*" = "1m" } only_passing = true enable_truncate = true
        a_record_limit = 4 udp_answer_limit = 5 disable_compression = true enable_additional_node_meta_txt = false
        allow_stale = false recursor_strategy = "random" recursor_timeout = "500ms" use_cache = true max_stale = "1h" cache_max_age = "5s"
        prefer_namespace = true
        soa { refresh = 1 retry = 2 expire = 3 min_ttl = 4 }
      }`);
    expect(config.dnsAddresses).toEqual(['127.0.0.2']);
    expect(config.dns).toEqual({
      domain: 'mesh.example',
      altDomain: 'consul',
      recursors: [
        { host: '10.0.0.53', port: 53 },
        { host: 'fd00::53', port: 5353 },
      ],
      recursorStrategy: 'random',
      recursorTimeoutMs: 500,
      allowStale: false,
      maxStaleMs: 3_600_000,
      useCache: true,
      cacheMaxAgeMs: 5_000,
      nodeTtlSeconds: 20,
      serviceTtlSeconds: { web: 30, 'db-*': 60 },
      onlyPassing: true,
      udpAnswerLimit: 5,
      aRecordLimit: 4,
      enableTruncate: true,
      disableCompression: true,
      nodeMetaTxt: false,
      soa: { refreshSeconds: 1, retrySeconds: 2, expireSeconds: 3, minTtlSeconds: 4 },
    });
    expect(withoutEffect).toEqual(['dns_config.prefer_namespace']);
  });

  it('may come from flags, several recursors among them', () => {
    const { dns } = load('', '-domain', 'a.b', '-alt-domain=c', '-recursor', '10.0.0.1', '-recursor=10.0.0.2').config;
    expect([dns.domain, dns.altDomain, dns.recursors.map(({ host }) => host)]).toEqual([
      'a.b',
      'c',
      ['10.0.0.1', '10.0.0.2'],
    ]);
  });

  it.each([
    ['domain = "a b"', /domain must be a DNS domain/],
    ['recursors = ["dns.example.com"]', /recursors takes IP addresses/],
    ['recursors = ["127.0.0.1:8600"]', /where this agent answers DNS itself/],
    ['dns_config { recursor_strategy = "best" }', /"sequential" or "random"/],
    ['dns_config { udp_answer_limit = -1 }', /udp_answer_limit must be a number/],
    ['dns_config { node_ttl = "-1s" }', /node_ttl must be a number/],
    ['dns_config { nonsense = 1 }', /nonsense/],
  ])('%s is refused with one sentence', (text, sentence) => {
    expect(() => load(text)).toThrow(sentence);
  });
});
