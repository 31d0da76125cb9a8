import { describe, expect, it } from 'vitest';
import { loadAgentConfig } from '../../../src/agent/config/index.js';

const KEY = Buffer.alloc(32, 7).toString('base64');
const config = (...argv: string[]) => loadAgentConfig(['-server', '-data-dir', '/tmp/x', ...argv], 'host').config;
const cluster = (...argv: string[]) => config(...argv).cluster;

describe('the cluster in the configuration', () => {
  it('has Consul’s defaults', () => {
    expect(cluster()).toMatchObject({
      encrypt: '',
      retryJoin: [],
      retryIntervalMs: 30_000,
      retryMax: 0,
      bootstrapExpect: 0,
      reconnectTimeoutMs: 72 * 3_600_000,
      leaveDrainMs: 5000,
      handshakeTimeoutMs: 5000,
      maxConnectionsPerClient: 100,
    });
  });

  it('comes from flags', () => {
    const flags = [
      '-encrypt',
      KEY,
      '-retry-join',
      'a',
      '-retry-join',
      'b:7',
      '-retry-interval',
      '1s',
      '-retry-max',
      '3',
    ];
    expect(cluster(...flags, '-join', 'c', '-bootstrap-expect', '3', '-join-token-file', '/t')).toMatchObject({
      encrypt: KEY,
      retryJoin: ['a', 'b:7'],
      startJoin: ['c'],
      retryIntervalMs: 1000,
      retryMax: 3,
      bootstrapExpect: 3,
      joinTokenFile: '/t',
    });
  });

  it('names the networks that may join, and refuses what is none', () => {
    expect(cluster().allowedNetworks).toEqual([]);
    expect(
      cluster('-serf-lan-allowed-cidrs', '10.0.0.0/8', '-hcl', 'serf_lan_allowed_cidrs = ["fd00::/8"]'),
    ).toMatchObject({
      allowedNetworks: expect.arrayContaining(['10.0.0.0/8', 'fd00::/8']) as string[],
    });
    for (const wrong of ['10.0.0.0', '10.0.0.0/33', 'fd00::/129', 'host/8', '10.0.0.0/', '/8', ''])
      expect(() => cluster('-serf-lan-allowed-cidrs', wrong)).toThrow(/serf_lan_allowed_cidrs: ".*" is not a network/);
  });

  it('says whether agents have certificates of the servers, for which names, and whose option is which', () => {
    expect(config().autoEncrypt).toEqual({ allowTls: true, tls: true, names: [] });
    expect(config('-hcl', 'auto_encrypt { allow_tls = false }').autoEncrypt.allowTls).toBe(false);
    expect(() => config('-hcl', 'auto_encrypt { tls = true }')).toThrow('auto_encrypt.tls is for client agents');
    const client = (hcl: string) =>
      loadAgentConfig(['-data-dir', '/tmp/x', '-retry-join', 'a', '-encrypt', KEY, '-hcl', hcl], 'host').config;
    expect(client('auto_encrypt { tls = true dns_san = ["a.b"] ip_san = ["10.0.0.1"] }').autoEncrypt).toEqual({
      ...{ allowTls: true, tls: true, names: ['a.b', '10.0.0.1'] },
    });
    expect(() => client('auto_encrypt { allow_tls = true }')).toThrow('auto_encrypt.allow_tls is for servers');
  });

  it('comes from files', () => {
    const text = `encrypt = "${KEY}" retry_join = ["a"] join { token_file = "/t" } performance { leave_drain_time = "2s" }`;
    expect(cluster('-hcl', text)).toMatchObject({ retryJoin: ['a'], joinTokenFile: '/t', leaveDrainMs: 2000 });
  });

  it('takes files of tls.internal_rpc, and those of tls.defaults', () => {
    const files = 'ca_file = "/ca" cert_file = "/cert" key_file = "/key"';
    for (const section of ['internal_rpc', 'defaults'])
      expect(config('-hcl', `tls { ${section} { ${files} } }`).tls.internalRpc).toMatchObject({
        caFile: '/ca',
        certFile: '/cert',
        keyFile: '/key',
      });
  });

  it.each([
    [['-encrypt', 'secret'], /^encrypt: the encryption key must be 16, 24 or 32 bytes in base64; make one with "meshw/],
    [['-join-token', 'secret'], /^a join token begins with "mwj1\."; "meshwright operator join-token"/],
    [
      ['-retry-join', 'provider=aws tag_key=x'],
      /^retry_join: looking up members at a cloud provider is not implemented/,
    ],
    [['-retry-join', 'http://x'], /^retry_join: "http:\/\/x" is not an address: give host or host:port$/],
    [
      ['-bootstrap', '-bootstrap-expect', '3'],
      /^'bootstrap_expect > 0' and 'bootstrap = true' are mutually exclusive$/,
    ],
    [['-retry-interval', '0s'], /^retry_interval must be longer than 0s$/],
    [['-hcl', 'reconnect_timeout = "1h"'], /^reconnect_timeout must be at least 8h$/],
  ] as const)('is refused with one sentence: %j', (argv, sentence) => {
    expect(() => cluster(...argv)).toThrow(sentence);
    expect(() => cluster(...argv)).not.toThrow(/secret/);
  });
});
