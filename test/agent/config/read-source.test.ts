import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readConfigText } from '../../../src/agent/config/read-source.js';
import { AppError } from '../../../src/core/index.js';

const read = (text: string, format?: 'hcl' | 'json') => readConfigText('f', text, format);

describe('what nobody knows is named with its line', () => {
  it.each([
    ['at the top', 'node_name = "a"\n\nnope = 1', /^f: "nope" is not a known field \(line 3\)$/],
    ['in a section', 'ports {\n  http = 1\n  htp = 2\n}', /"Ports\.htp" is not a known field \(line 3\)/],
    ['in JSON', '{\n "ports": {\n  "http": 1,\n  "htp": 2}}', /"Ports\.htp" is not a known field \(line 4\)/],
    ['each', 'a = 1\nserver = true\nb = 2', /"a" is .*\(line 1\); "b" is .*\(line 3\)/],
    [
      'in a section without effect',
      'autopilot {\n  min_quorum = 3\n  odd = 1\n}',
      /"autopilot\.odd" is not a known field \(line 3\)/,
    ],
    ['in tls', 'tls {\n  https {\n    certfile = ""\n    odd = ""\n  }\n}', /odd" is not a known field \(line 4\)/],
    [
      'a wrong type',
      'server = true\nports { http = [] }',
      /"Ports\.HTTP" must be a whole number, not a list \(line 2\)/,
    ],
    [
      'in a service',
      'server = true\nservice {\n  name = "a"\n  prot = 1\n}',
      /^f, line 4: service\[0\]: .*unknown field "prot"/,
    ],
    [
      'in the second service',
      'service { name = "a" }\nservice {\n  port = 1\n}',
      /^f, line 2: service\[1\]: Missing service name/,
    ],
    ['after a byte order mark', '\uFEFFserver = true\nnope = 1', /\(line 2\)/],
  ])('%s', (_where, text, problem) => {
    expect(() => read(text)).toThrow(problem);
  });
});

describe('formats', () => {
  it('are told by the content, or forced', () => {
    expect(read('{"node_name": "a"}').options.nodeName).toBe('a');
    expect(read('node_name = "a"').options.nodeName).toBe('a');
    expect(() => read('node_name = "a"', 'json')).toThrow(/line 1/);
    expect(() => read('{"node_name": "a"}', 'hcl')).toThrow(/line 1/);
    expect(() => read('[]', 'json')).toThrow(/expected an object/);
  });
});

describe('a service with several `check` blocks', () => {
  it('has the checks of all of them, and those of `checks`', () => {
    const [service] = read(`service {
      name = "web"
      check { id = "a" ttl = "10s" }
      check { id = "b" ttl = "20s" }
      checks = [{ id = "c" ttl = "30s" }]
    }`).services;
    expect(service?.checks.map(({ checkId, ttlMs }) => [checkId, ttlMs])).toEqual([
      ['a', 10_000],
      ['b', 20_000],
      ['c', 30_000],
    ]);
  });
});

describe('options without effect', () => {
  it('are named, whole sections by their own name', () => {
    const { withoutEffect } = read(
      'raft_protocol = 3\nautopilot { min_quorum = 3 }\ntls { internal_rpc { verify_outgoing = true } }',
    );
    expect(withoutEffect).toEqual(['raft_protocol', 'tls.internal_rpc.verify_outgoing', 'autopilot']);
  });

  it('are named also where only checks would have used them', () => {
    expect(read('check_reap_interval = "30s"').withoutEffect).toEqual(['check_reap_interval']);
  });
});

it('any text gives options or one sentence that names the file', () => {
  const word = fc.constantFrom(
    'ports',
    'service',
    'http',
    'name',
    '=',
    '{',
    '}',
    '[',
    ']',
    '"',
    '"a"',
    '1',
    'true',
    ',',
    '\n',
    '<<E',
    'E',
    '#',
    '//',
    'tls',
    'acl',
    'tokens',
    'check',
    '${x}',
    '\\',
    '\u0000',
  );
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string({ unit: 'binary', maxLength: 60 }),
        fc.array(word, { maxLength: 25 }).map((all) => all.join(' ')),
      ),
      (text) => {
        try {
          read(text);
        } catch (thrown) {
          expect(thrown).toBeInstanceOf(AppError);
          expect((thrown as AppError).code).not.toBe('internal');
        }
      },
    ),
    { numRuns: 500 },
  );
});
