import { describe, expect, it } from 'vitest';
import { loadAgentConfig } from '../../../src/agent/config/index.js';

const load = (hcl: string, ...argv: string[]) => loadAgentConfig(['-dev', '-hcl', hcl, ...argv], 'host');
const metricsHeader = (name: string, value: string): string =>
  `ui_config { metrics_proxy { base_url = "http://prom" add_headers = [{ name = "${name}" value = "${value}" }] } }`;
const configOf = (hcl: string, ...argv: string[]) => load(hcl, ...argv).config;

describe('addresses', () => {
  it('of clients may be several, and sockets for HTTP', () => {
    const config = configOf('client_addr = "127.0.0.1 ::1"\naddresses { http = "unix:///run/m.sock 127.0.0.1" }');
    expect(config.httpAddresses).toEqual(['unix:///run/m.sock', '127.0.0.1']);
    expect(config.grpcAddresses).toEqual(['127.0.0.1', '::1']);
  });

  it('that others are told go into the tagged addresses', () => {
    const { taggedAddresses } = configOf(
      'advertise_addr = "10.0.0.1"\nadvertise_addr_wan = "192.0.2.1"\nadvertise_addr_ipv6 = "fd00::1"',
    );
    expect(taggedAddresses).toEqual({
      lan: '10.0.0.1',
      lan_ipv4: '10.0.0.1',
      lan_ipv6: 'fd00::1',
      wan: '192.0.2.1',
      wan_ipv4: '192.0.2.1',
    });
  });

  it.each([
    ['advertise_addr = "0.0.0.0"', /advertise_addr cannot be 0\.0\.0\.0/],
    ['bind_addr = "10.0.0.1 10.0.0.2"', /must be one IP address, but it gives several/],
    ['client_addr = "localhost"', /client_addr must be an IP address/],
    ['addresses { dns = "unix:///x" }', /cannot be a unix socket/],
    ['addresses { http = "unix://x" }', /needs an absolute path/],
    ['node_meta { consul-x = "1" }', /reserved/],
    ['acl { down_policy = "maybe" }', /acl\.down_policy must be one of/],
    ['limits { request_limits { mode = "odd" } }', /request_limits\.mode must be/],
    ['http_config { allow_write_http_from = ["10.0.0.1"] }', /takes networks/],
    ['http_config { response_headers { "A B" = "x" } }', /not a header that can be sent/],
    ['http_config { response_headers { A = "\u{1F600}" } }', /not a header that can be sent/],
    [metricsHeader('A B', 'x'), /a name or value is no header/],
    [metricsHeader('A', 'x\\ny'), /a name or value is no header/],
    [metricsHeader('A', '\u{1F600}'), /a name or value is no header/],
    ['telemetry { prefix_filter = ["consul.x"] }', /must begin with \+/],
    ['telemetry { statsd_address = "x" }', /HOST:PORT/],
    ['telemetry { statsd_address = "127.0.0.1:70000" }', /telemetry\.statsd_address must be HOST:PORT/],
    ['telemetry { dogstatsd_addr = ":8125" }', /telemetry\.dogstatsd_addr must be HOST:PORT/],
    ['tls { https { cert_file = "a" } }', /cert_file and key_file go together/],
    ['tls { defaults { verify_incoming = true } }', /no CA certificates were provided/],
    ['tls { defaults { tls_min_version = "SSL" } }', /tls_min_version must be/],
    ['tls { https { tls_cipher_suites = "TLS_NULL" } }', /unsupported cipher suite TLS_NULL/],
    ['enable_syslog = true syslog_facility = "LOCAL9"', /syslog_facility must be LOCAL0 to LOCAL7/],
    ['session_ttl_min = "-5s"', /session_ttl_min must be at least 0/],
    ['limits { http_max_conns_per_client = -1 }', /http_max_conns_per_client must be at least 0/],
    ['check_output_max_size = 0', /check_output_max_size must be at least 1/],
  ])('and other values that cannot work are refused: %s', (hcl, problem) => {
    expect(() => load(hcl)).toThrow(problem);
  });
});

describe('flags and pieces of configuration', () => {
  it('stand in the order files, flags, -hcl; lists of flags come first', () => {
    const config = configOf('node_name = "piece"\nrecursors = ["10.0.0.2"]', '-node', 'flag', '-recursor', '10.0.0.1');
    expect(config.nodeName).toBe('piece');
    expect(config.dns.recursors.map(({ host }) => host)).toEqual(['10.0.0.1', '10.0.0.2']);
  });

  it('set what files set', () => {
    const config = configOf(
      '',
      '-default-query-time=1m',
      '-max-query-time',
      '2m',
      '-log-file=/l',
      '-pid-file=/p',
      '-auto-reload-config',
    );
    expect(config.http).toMatchObject({ defaultQueryTimeMs: 60_000, maxQueryTimeMs: 120_000 });
    expect(config).toMatchObject({ log: { file: '/l' }, pidFile: '/p', autoReload: true });
  });

  it.each([
    [['-config-format', 'yaml'], /-config-format must be hcl or json/],
    [['-server=maybe'], /flag -server: a switch is true or false/],
    [['-max-query-time', 'x'], /flag -max-query-time: a duration/],
    [['-hcl', 'nope = 1'], /-hcl \(1\): "nope" is not a known field \(line 1\)/],
  ])('%j are refused', (argv, problem) => {
    expect(() => loadAgentConfig(['-dev', ...argv], 'host')).toThrow(problem);
  });
});

describe('TLS', () => {
  it('of a port is its own part over the defaults over the old options', () => {
    const { tls } = configOf(`
      ca_file = "/old-ca" cert_file = "/c" key_file = "/k"
      tls { defaults { ca_file = "/ca" tls_min_version = "tls13" } https { verify_incoming = true tls_cipher_suites = "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256" } }`);
    expect(tls.https).toEqual({
      caFile: '/ca',
      caPath: '',
      certFile: '/c',
      keyFile: '/k',
      verifyIncoming: true,
      minVersion: 'TLSv1_3',
      cipherSuites: ['TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256'],
    });
    expect(tls.grpc.verifyIncoming).toBe(false);
  });

  it('in the old place is taken and said to be old', () => {
    expect(load('ca_file = "/ca"').warnings).toContainEqual(expect.stringContaining('tls { defaults { } }'));
  });
});

describe('what does not protect', () => {
  it('is said: access control that is not there, and scripts of everybody with or without it', () => {
    expect(load('acl { enabled = true }').warnings).toEqual([
      expect.stringContaining('access control is not implemented yet'),
    ]);
    for (const acl of ['', 'acl { enabled = true }'])
      expect(load(`enable_script_checks = true\n${acl}`).warnings).toContainEqual(
        expect.stringContaining('use enable_local_script_checks'),
      );
    expect(load('enable_local_script_checks = true').warnings).toEqual([]);
  });
});
