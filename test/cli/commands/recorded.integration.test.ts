import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type FakeAgent, type FakeAnswer, type SeenRequest, startFakeAgent } from '../support/fake-agent.js';
import { type CliResult, run } from '../support/run.js';

/** Outputs as a Consul 1.21 printed them (test/recordings/data, family `cli`). */

let agent: FakeAgent;
let folder: string;
let answer: (request: SeenRequest) => FakeAnswer | undefined;

beforeEach(async () => {
  answer = () => undefined;
  agent = await startFakeAgent((request) => answer(request));
  folder = mkdtempSync(join(tmpdir(), 'meshwright-cli-'));
});
afterEach(async () => {
  await agent.close();
  rmSync(folder, { recursive: true, force: true });
});

const meshwright = (...argv: readonly string[]): Promise<CliResult> =>
  run(argv, { env: { CONSUL_HTTP_ADDR: agent.address }, cwd: folder });
const file = (name: string, text: string) => writeFileSync(join(folder, name), text);
const lastRequest = () => agent.seen.at(-1);

const NODES = [
  { Node: 'a', ID: '', Address: '10.0.0.1', Datacenter: 'dc1', TaggedAddresses: {}, Meta: { r: '1' } },
  {
    Node: 'n1',
    ID: '855bbb6d-0000-1111-2222-333333333333',
    Address: '127.0.0.1',
    Datacenter: 'dc1',
    TaggedAddresses: {},
    Meta: {},
  },
];

describe('catalog', () => {
  test('datacenters', async () => {
    answer = () => ({ body: ['dc1'] });
    expect(await meshwright('catalog', 'datacenters')).toEqual({ code: 0, out: 'dc1\n', err: '' });
  });

  test('services, and with their tags', async () => {
    answer = () => ({ body: { web: ['y', 'x'], consul: [] } });
    expect((await meshwright('catalog', 'services')).out).toBe('consul\nweb\n');
    expect((await meshwright('catalog', 'services', '-tags')).out).toBe('consul      \nweb         x,y\n');
  });

  test('services of a node, and of none', async () => {
    answer = ({ path }) => ({
      body: path === '/v1/catalog/node/a' ? { Node: {}, Services: { w: { Service: 'web', Tags: ['x'] } } } : null,
    });
    expect(await meshwright('catalog', 'services', '-node=a')).toEqual({ code: 0, out: 'web\n', err: '' });
    expect(await meshwright('catalog', 'services', '-node=none')).toEqual({
      code: 0,
      out: '',
      err: 'No services match the given query - try expanding your search.\n',
    });
  });

  test('nodes', async () => {
    answer = () => ({ body: NODES });
    expect((await meshwright('catalog', 'nodes')).out).toBe(
      'Node  ID        Address    DC\na               10.0.0.1   dc1\nn1    855bbb6d  127.0.0.1  dc1\n',
    );
  });

  test('nodes of a service in detail, once per node', async () => {
    const instance = {
      Node: 'a',
      ID: '',
      Address: '10.0.0.1',
      Datacenter: 'dc1',
      TaggedAddresses: null,
      NodeMeta: { r: '1' },
    };
    answer = ({ path }) => ({ body: path === '/v1/catalog/service/web' ? [instance, instance] : [] });
    expect((await meshwright('catalog', 'nodes', '-detailed', '-service=web')).out).toBe(
      'Node  ID  Address   DC   TaggedAddresses  Meta\na         10.0.0.1  dc1                   r=1\n',
    );
    expect(await meshwright('catalog', 'nodes', '-service=none')).toEqual({
      code: 0,
      out: '',
      err: 'No nodes match the given query - try expanding your search.\n',
    });
  });

  test('a query that the agent refuses', async () => {
    answer = () => ({ status: 500, body: 'Failed to create boolean expression evaluator' });
    expect(await meshwright('catalog', 'nodes', '-filter=bad ==')).toEqual({
      code: 1,
      out: '',
      err: 'Error listing nodes: Unexpected response code: 500 (Failed to create boolean expression evaluator)\n',
    });
    expect(lastRequest()?.query.get('filter')).toBe('bad ==');
  });

  test('queries travel as parameters', async () => {
    answer = () => ({ body: [] });
    await meshwright(
      'catalog',
      'nodes',
      '-near=_agent',
      '-node-meta=r=1',
      '-node-meta=s=2',
      '-datacenter=dc2',
      '-stale',
    );
    expect(lastRequest()?.url).toBe('/v1/catalog/nodes?dc=dc2&stale&near=_agent&node-meta=r%3A1&node-meta=s%3A2');
  });

  test('too many arguments, and a subcommand that does not exist', async () => {
    expect(await meshwright('catalog', 'nodes', 'extra')).toEqual({
      code: 1,
      out: '',
      err: 'Too many arguments (expected 0, got 1)\n',
    });
    const odd = await meshwright('catalog', 'odd');
    expect(odd.code).toBe(1);
    expect(odd.err).toContain('Usage: meshwright catalog <subcommand> [options] [args]');
  });
});

describe('kv', () => {
  const entry = {
    LockIndex: 1,
    Key: 'l',
    Flags: 0,
    Value: 'eA==',
    Session: '53de1f8e',
    CreateIndex: 23,
    ModifyIndex: 23,
  };

  test('put, and with Check-And-Set against a key that exists', async () => {
    answer = ({ query }) => ({ body: query.get('cas') === '0' ? 'false' : 'true' });
    expect(await meshwright('kv', 'put', 'a', '1')).toEqual({ code: 0, out: 'Success! Data written to: a\n', err: '' });
    expect(lastRequest()).toMatchObject({ method: 'PUT', url: '/v1/kv/a', body: '1' });
    expect(await meshwright('kv', 'put', '-cas', 'a', '2')).toEqual({
      code: 1,
      out: '',
      err: 'Error! Did not write to a: CAS performed with index=0 and key already exists.\n',
    });
    answer = () => ({ body: 'false' });
    expect((await meshwright('kv', 'put', '-cas', '-modify-index=15', 'a', '4')).err).toBe(
      'Error! Did not write to a: CAS failed\n',
    );
    expect(lastRequest()?.url).toBe('/v1/kv/a?cas=15');
  });

  test('a value may look like a flag', async () => {
    answer = () => ({ body: 'true' });
    await meshwright('kv', 'put', 'a', '-cas');
    expect(lastRequest()).toMatchObject({ url: '/v1/kv/a', body: '-cas' });
  });

  test('a flag that cannot be read is followed by all flags', async () => {
    const { code, err } = await meshwright('kv', 'put', '-cas', '-modify-index=x', 'a', '4');
    expect(code).toBe(1);
    expect(err).toMatch(/^invalid value "x" for flag -modify-index: parse error\nUsage:\n {2}-acquire\n/);
    expect(agent.seen).toEqual([]);
  });

  test('get, with all details, and a key that does not exist', async () => {
    answer = ({ path }) => (path === '/v1/kv/l' ? { body: [entry] } : undefined);
    expect((await meshwright('kv', 'get', 'l')).out).toBe('x\n');
    expect((await meshwright('kv', 'get', '-detailed', 'l')).out).toBe(
      'CreateIndex      23\nFlags            0\nKey              l\nLockIndex        1\nModifyIndex      23\nSession          53de1f8e\nValue            x\n',
    );
    expect(await meshwright('kv', 'get', 'none')).toEqual({ code: 1, out: '', err: 'Error! No key exists at: none\n' });
  });

  test('get -recurse and -keys', async () => {
    answer = ({ query }) => ({
      body: query.has('keys')
        ? ['p/a', 'p/q/']
        : [
            { ...entry, Key: 'p/a' },
            { ...entry, Key: 'p/q/b', Value: null },
          ],
    });
    expect((await meshwright('kv', 'get', '-recurse', 'p/')).out).toBe('p/a:x\np/q/b:\n');
    expect((await meshwright('kv', 'get', '-keys', 'p/')).out).toBe('p/a\np/q/\n');
    expect(lastRequest()?.url).toBe('/v1/kv/p/?keys&separator=%2F');
  });

  test('flags of 64 bits survive', async () => {
    answer = () => ({
      body: '[{"LockIndex":0,"Key":"k","Flags":18446744073709551615,"Value":"eA==","CreateIndex":1,"ModifyIndex":1}]',
    });
    expect((await meshwright('kv', 'get', '-detailed', 'k')).out).toContain('Flags            18446744073709551615\n');
    expect((await meshwright('kv', 'export')).out).toContain('"flags": 18446744073709551615,');
  });

  test('locks', async () => {
    answer = () => ({ body: 'true' });
    expect((await meshwright('kv', 'put', '-acquire', '-session=s', 'l', 'x')).out).toBe(
      'Success! Lock acquired on: l\n',
    );
    expect((await meshwright('kv', 'put', '-release', '-session=s', 'l', 'x')).out).toBe(
      'Success! Lock released on: l\n',
    );
    answer = () => ({ body: 'false' });
    expect((await meshwright('kv', 'put', '-release', '-session=s', 'l', 'y')).err).toBe(
      'Error! Did not release lock\n',
    );
    expect((await meshwright('kv', 'put', '-acquire', 'l', 'x')).err).toBe(
      'Error! Missing -session (required with -acquire and -release)\n',
    );
  });

  test('delete', async () => {
    answer = ({ query }) => ({ body: query.has('cas') ? 'false' : 'true' });
    expect((await meshwright('kv', 'delete', 'a')).out).toBe('Success! Deleted key: a\n');
    expect((await meshwright('kv', 'delete', '-recurse', 'p/')).out).toBe('Success! Deleted keys with prefix: p/\n');
    expect((await meshwright('kv', 'delete', '-cas', '-modify-index=1', 'a')).err).toBe(
      'Error! Did not delete key a: CAS failed\n',
    );
    expect((await meshwright('kv', 'delete', '-modify-index=1', 'a')).err).toBe(
      'Cannot specify -modify-index without -cas!\n',
    );
    expect((await meshwright('kv', 'delete', '-cas', 'a')).err).toContain('Cannot delete a key that does not exist.');
  });

  test('export of nothing', async () => {
    expect(await meshwright('kv', 'export', 'none')).toEqual({ code: 0, out: '[]\n', err: '' });
  });

  test('import from an argument, and what it refuses', async () => {
    answer = () => ({ body: 'true' });
    const data = '[{"key":"q","flags":3,"value":"cQ=="}]';
    expect(await meshwright('kv', 'import', '-prefix=p/', data)).toEqual({ code: 0, out: 'Imported: p/q\n', err: '' });
    expect(lastRequest()).toMatchObject({ url: '/v1/kv/p/q?flags=3', body: 'q' });
    expect((await meshwright('kv', 'import', 'bad')).err).toBe(
      "Cannot unmarshal data: invalid character 'b' looking for beginning of value\n",
    );
    expect((await meshwright('kv', 'import', '@none.json')).err).toBe(
      'Error! Failed to read file: open none.json: no such file or directory\n',
    );
    expect((await meshwright('kv', 'import')).err).toBe('Error! Missing DATA argument\n');
  });
});

describe('services', () => {
  const WEB = `service {
  name = "web"
  port = 8080
  tags = ["a", "b"]
  meta { v = "1" }
  connect { sidecar_service {} }
  check { id = "c" ttl = "1h" status = "passing" }
}
`;

  test('register from HCL', async () => {
    answer = () => ({});
    file('web.hcl', WEB);
    expect(await meshwright('services', 'register', 'web.hcl')).toEqual({
      code: 0,
      out: 'Registered service: web\n',
      err: '',
    });
    expect(JSON.parse(lastRequest()?.body ?? '')).toMatchObject({
      Name: 'web',
      Port: 8080,
      Tags: ['a', 'b'],
      Meta: { v: '1' },
      Connect: { SidecarService: {} },
      Check: { CheckID: 'c', TTL: '1h0m0s', Status: 'passing' },
    });
  });

  test('register with several check blocks', async () => {
    answer = () => ({});
    file('web.hcl', 'service {\n name = "web"\n check { id = "c" ttl = "1h" }\n check { id = "d" ttl = "2h" }\n}\n');
    expect((await meshwright('services', 'register', 'web.hcl')).code).toBe(0);
    const body = JSON.parse(lastRequest()?.body ?? '') as object;
    expect(body).toMatchObject({ Checks: [{ CheckID: 'c' }, { CheckID: 'd' }] });
    expect(body).not.toHaveProperty('Check');
  });

  test('register several from JSON', async () => {
    answer = () => ({});
    file(
      'two.json',
      JSON.stringify({
        services: [
          { name: 'one', port: 1 },
          { name: 'two', id: 'two-2', port: 2 },
        ],
      }),
    );
    expect((await meshwright('services', 'register', 'two.json')).out).toBe(
      'Registered service: one\nRegistered service: two\n',
    );
    expect(agent.seen.map(({ body }) => (JSON.parse(body) as { ID?: string }).ID ?? '')).toEqual(['', 'two-2']);
  });

  test('files that cannot be used', async () => {
    file('bad.hcl', 'service { nme = "x" }');
    file('none.hcl', '# nothing\n');
    expect(await meshwright('services', 'register', 'bad.hcl')).toEqual({
      code: 1,
      out: '',
      err: 'Error: failed to parse bad.hcl: 1 error occurred:\n\t* invalid config key service.nme\n\n\n',
    });
    expect(await meshwright('services', 'register', 'none.hcl')).toEqual({ code: 0, out: '', err: '' });
    expect((await meshwright('services', 'register', 'missing.hcl')).err).toBe(
      'Error: config: Open failed on missing.hcl. open missing.hcl: no such file or directory\n',
    );
    expect((await meshwright('services', 'register')).err).toBe(
      'Service registration requires at least one argument or flags.\n',
    );
    expect(agent.seen).toEqual([]);
  });

  test('register from flags', async () => {
    answer = () => ({});
    const argv = [
      '-name=flag',
      '-port=99',
      '-tag=t',
      '-tag=u',
      '-meta=k=v',
      '-address=10.1.1.1',
      '-tagged-address=lan=10.2.2.2:80',
    ];
    expect((await meshwright('services', 'register', ...argv)).out).toBe('Registered service: flag\n');
    expect(JSON.parse(lastRequest()?.body ?? '')).toEqual({
      Name: 'flag',
      Address: '10.1.1.1',
      Port: 99,
      Tags: ['t', 'u'],
      Meta: { k: 'v' },
      TaggedAddresses: { lan: { Address: '10.2.2.2', Port: 80 } },
    });
    expect((await meshwright('services', 'register', '-name=flag', '-tagged-address=bad')).err).toMatch(
      /^invalid value "bad" for flag -tagged-address: Missing "=" value in argument: bad\nUsage:\n/,
    );
  });

  test('deregister', async () => {
    answer = ({ path }) => (path.endsWith('/unknown') ? { status: 404, body: 'Unknown service ID "unknown"' } : {});
    file('web.hcl', WEB);
    expect((await meshwright('services', 'deregister', '-id=flag')).out).toBe('Deregistered service: flag\n');
    expect((await meshwright('services', 'deregister', 'web.hcl')).out).toBe('Deregistered service: web\n');
    expect((await meshwright('services', 'deregister', '-id=unknown')).err).toBe(
      'Error deregistering service "unknown": Unexpected response code: 404 (Unknown service ID "unknown")\n',
    );
    expect((await meshwright('services', 'deregister')).err).toBe(
      'Service deregistration requires at least one argument or -id.\n',
    );
    expect((await meshwright('services', 'deregister', '-id=x', 'web.hcl')).err).toBe(
      'Service deregistration requires arguments or -id, not both.\n',
    );
  });
});

describe('connect ca', () => {
  test('get-config and set-config', async () => {
    const config = { Provider: 'consul', Config: { LeafCertTTL: '72h' }, State: null, CreateIndex: 5, ModifyIndex: 9 };
    answer = ({ method }) => (method === 'GET' ? { body: config } : {});
    expect(JSON.parse((await meshwright('connect', 'ca', 'get-config')).out)).toEqual(config);
    file('ca.json', '{"Provider":"consul","Config":{"LeafCertTTL":"36h"}}');
    expect((await meshwright('connect', 'ca', 'set-config', '-config-file', 'ca.json')).out).toBe(
      'Configuration updated!\n',
    );
    expect(JSON.parse(lastRequest()?.body ?? '')).toEqual({ Provider: 'consul', Config: { LeafCertTTL: '36h' } });
    expect((await meshwright('connect', 'ca', 'set-config')).err).toBe('The -config-file flag is required\n');
    expect((await meshwright('connect', 'ca', 'set-config', '-config-file', 'none.json')).err).toBe(
      'Error reading config file: open none.json: no such file or directory\n',
    );
  });
});
