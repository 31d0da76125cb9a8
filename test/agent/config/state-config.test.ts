import { describe, expect, it } from 'vitest';
import { parseAgentArguments } from '../../../src/agent/config/arguments.js';
import { mergeOptions } from '../../../src/agent/config/merge.js';
import { optionsField } from '../../../src/agent/config/options.js';
import { resolveState } from '../../../src/agent/config/state-config.js';
import { parseHclOrJson } from '../../../src/lang/index.js';
import { tryDecode } from '../../../src/model/wire/index.js';

/** `state` of a file's text. */
function stateOf(text: string) {
  const decoded = tryDecode(optionsField, parseHclOrJson(text, { filename: 'agent.hcl' }), { hclBlocks: true });
  if (!decoded.ok) throw new Error(decoded.problems.map(({ path, problem }) => `${path} ${problem}`).join());
  return decoded.value.state ?? {};
}

describe('state', () => {
  it('is kept in the data directory when nothing is said, and nowhere in dev mode', () => {
    expect(resolveState({}, false)).toMatchObject({ backend: 'embedded', verifyIntervalMs: 300_000 });
    expect(resolveState({}, true).backend).toBe('memory');
  });

  it('in etcd has every option in a file', () => {
    const text = `state {
      backend = "etcd"
      verify_interval = "1m"
      etcd {
        endpoints = ["https://a:2379", "https://b:2379"]
        prefix = "/mesh/dc1/"
        ca_file = "ca.pem"
        cert_file = "cert.pem"
        key_file = "key.pem"
        server_name = "etcd.internal"
        username = "mesh"
        password = "secret"
        compaction_interval = "0s"
      }
    }`;
    expect(resolveState(stateOf(text), false)).toEqual({
      backend: 'etcd',
      verifyIntervalMs: 60_000,
      etcd: {
        endpoints: ['https://a:2379', 'https://b:2379'],
        prefix: 'mesh/dc1',
        caFile: 'ca.pem',
        certFile: 'cert.pem',
        keyFile: 'key.pem',
        serverName: 'etcd.internal',
        username: 'mesh',
        password: 'secret',
        allowOld: false,
        compactionIntervalMs: 0,
      },
    });
  });

  it('is kept by an etcd of its own when there is more than one server to begin with, or when that is said', () => {
    const member = { binary: '', clientPort: 2379, peerPort: 2380, quotaBytes: 4 * 2 ** 30, deadAfterMs: 30_000 };
    expect(resolveState({}, false, 3)).toMatchObject({ backend: 'etcd', etcd: { member } });
    expect(resolveState({}, false, 1).backend).toBe('embedded');
    const text = `state { etcd {
      manage = true
      binary = "/opt/etcd"
      client_port = 12379
      peer_port = 12380
      quota_bytes = 1073741824
      dead_after = "1m"
    } }`;
    const given = {
      binary: '/opt/etcd',
      clientPort: 12_379,
      peerPort: 12_380,
      quotaBytes: 2 ** 30,
      deadAfterMs: 60_000,
    };
    expect(resolveState(stateOf(text), false)).toMatchObject({ backend: 'etcd', etcd: { member: given } });
  });

  it('is not kept by an etcd of its own when another is named, or another engine', () => {
    const etcd = { endpoints: ['http://a:1'] };
    expect(resolveState({ backend: 'etcd', etcd }, false, 3).etcd.member).toBeUndefined();
    expect(resolveState({ backend: 'embedded' }, false, 3).backend).toBe('embedded');
    expect(resolveState({ backend: 'etcd', etcd: { ...etcd, manage: false } }, false, 3).etcd.member).toBeUndefined();
  });

  it.each([
    [{ backend: 'embedded', etcd: { manage: true } }, 'state.backend is "embedded"'],
    [{ etcd: { manage: true, endpoints: ['http://a:1'] } }, 'has manage and endpoints'],
    [{ etcd: { manage: true, caFile: 'a' } }, 'makes certificates of its own'],
    [{ etcd: { manage: true, clientPort: 0 } }, 'client_port must be between 1 and 65535'],
    [{ etcd: { manage: true, peerPort: 2379 } }, 'must differ'],
    [{ etcd: { manage: true, quotaBytes: 5 } }, 'quota_bytes must be at least'],
    [{ etcd: { manage: true, deadAfterMs: 1 } }, 'dead_after must be at least 5s'],
  ])('with a managed etcd, %j is refused', (options, problem) => {
    expect(() => resolveState(options, false)).toThrow(problem);
  });

  it('takes an old etcd only when the flag says so', () => {
    const { options } = parseAgentArguments(['-allow-old-etcd']);
    const merged = mergeOptions([{ state: { backend: 'etcd', etcd: { endpoints: ['http://a:1'] } } }, options]);
    expect(resolveState(merged.state ?? {}, false).etcd).toMatchObject({ allowOld: true, endpoints: ['http://a:1'] });
  });

  it.each([
    ['backend = "raft"', 'state.backend must be "embedded" or "etcd", not "raft"'],
    ['backend = "memory"', 'state.backend "memory" loses everything: it is for -dev only'],
    ['backend = "etcd"', 'state.etcd.endpoints is empty'],
    ['etcd { endpoints = ["http://a:1"] }', 'set state.backend to "etcd"'],
    ['backend = "etcd" etcd { endpoints = ["http://a:1"] prefix = "a//b" }', 'state.etcd.prefix "a//b" may hold'],
    ['backend = "etcd" etcd { endpoints = ["http://a:1"] cert_file = "x" }', 'both cert_file and key_file'],
    ['backend = "etcd" etcd { endpoints = ["http://a:1"] username = "x" }', 'both username and password'],
    ['backend = "etcd" etcd { endpoints = ["http://a:1"] compaction_interval = "1s" }', 'must be at least 10s'],
    ['backend = "etcd" etcd { endpoint = "http://a:1" }', 'endpoint'],
  ])('{ %s } is refused', (text, problem) => {
    const lines = text
      .replaceAll(/ (etcd|prefix|cert_file|username|compaction_interval) /g, '\n$1 ')
      .replaceAll('}', '\n}');
    expect(() => resolveState(stateOf(`state {\n${lines}\n}`), false)).toThrow(problem);
  });
});
