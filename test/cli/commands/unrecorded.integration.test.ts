import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type FakeAgent, type FakeAnswer, type SeenRequest, startFakeAgent } from '../support/fake-agent.js';
import { run, type RunOptions } from '../support/run.js';

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

const given = (argv: readonly string[], options: RunOptions = {}) =>
  run(argv, { cwd: folder, ...options, env: { CONSUL_HTTP_ADDR: agent.address, ...options.env } });
const meshwright = (...argv: readonly string[]) => given(argv);
const lastRequest = () => agent.seen.at(-1);
const sentBody = (): unknown => JSON.parse(lastRequest()?.body ?? 'null');

describe('config write', () => {
  test('HCL from stdin becomes JSON, blocks written once become objects', async () => {
    answer = () => ({ body: 'true' });
    const stdin = `Kind = "service-splitter"
name = "api" // the service
splits = [
  { weight = 90, service_subset = "v1" },
  { weight = 10, service_subset = "v2" },
]
Meta { owner = "us" }
`;
    expect(await given(['config', 'write', '-'], { stdin })).toEqual({
      code: 0,
      out: 'Config entry written: service-splitter/api\n',
      err: '',
    });
    expect(lastRequest()).toMatchObject({ method: 'PUT', url: '/v1/config' });
    expect(sentBody()).toEqual({
      Kind: 'service-splitter',
      name: 'api',
      splits: [
        { weight: 90, service_subset: 'v1' },
        { weight: 10, service_subset: 'v2' },
      ],
      Meta: { owner: 'us' },
    });
  });

  test('JSON travels with its large numbers', async () => {
    answer = () => ({ body: 'true' });
    writeFileSync(join(folder, 'e.json'), '{"Kind":"proxy-defaults","Config":{"big":9007199254740993}}');
    expect((await meshwright('config', 'write', 'e.json')).out).toBe('Config entry written: proxy-defaults/global\n');
    expect(lastRequest()?.body).toContain('9007199254740993');
  });

  test('Check-And-Set', async () => {
    answer = () => ({ body: 'false' });
    const options = { stdin: 'Kind = "mesh"' };
    const { code, err } = await given(['config', 'write', '-cas', '-modify-index=7', '-'], options);
    expect({ code, err }).toEqual({ code: 1, err: expect.stringContaining('CAS failed') });
    expect(lastRequest()?.url).toBe('/v1/config?cas=7');
    expect((await given(['config', 'write', '-modify-index=7', '-'], options)).err).toBe(
      'Cannot specify -modify-index without -cas\n',
    );
  });

  test('what the agent refuses is said in its words', async () => {
    answer = () => ({ status: 400, body: 'Bad Request: splits must add up to 100' });
    expect((await given(['config', 'write', '-'], { stdin: 'Kind = "service-splitter"\nName = "api"' })).err).toBe(
      'Error writing config entry service-splitter/api: Unexpected response code: 400 (Bad Request: splits must add up to 100)\n',
    );
  });

  test.each([
    ['Kind = ', /Failed to decode config entry input: stdin, line 1, column \d+: /],
    ['{"Kind": "mesh",}', /Failed to decode config entry input: stdin, line 1, column \d+: /],
    ['Name = "api"', /does not contain a kind\/Kind key/],
    ['', /stdin is empty/],
    ['[]', /expected an object/],
  ])('%j is refused before anything is sent', async (stdin, message) => {
    const { code, err } = await given(['config', 'write', '-'], { stdin });
    expect({ code, err }).toEqual({ code: 1, err: expect.stringMatching(message) });
    expect(agent.seen).toEqual([]);
  });

  test('a file that is not there', async () => {
    expect((await meshwright('config', 'write', 'none.hcl')).err).toBe(
      'Failed to load data: open none.hcl: no such file or directory\n',
    );
  });
});

describe('config read, list, delete', () => {
  test('read prints what write takes back: without hash, large numbers kept', async () => {
    answer = () => ({
      body: '{"Kind":"service-defaults","Name":"web","Config":{"n":9007199254740993},"Hash":816915013515589547,"CreateIndex":19,"ModifyIndex":19}',
    });
    const { code, out } = await meshwright('config', 'read', '-kind', 'service-defaults', '-name', 'web');
    expect(code).toBe(0);
    expect(out).toBe(
      '{\n\t"Kind": "service-defaults",\n\t"Name": "web",\n\t"Config": {\n\t\t"n": 9007199254740993\n\t},\n\t"CreateIndex": 19,\n\t"ModifyIndex": 19\n}\n',
    );
  });

  test('read of what is not there', async () => {
    answer = () => ({ status: 404, body: 'Config entry not found for "mesh" / "mesh"' });
    expect(await meshwright('config', 'read', '-kind=mesh', '-name=mesh')).toEqual({
      code: 1,
      out: '',
      err: 'Error reading config entry mesh/mesh: Unexpected response code: 404 (Config entry not found for "mesh" / "mesh")\n',
    });
  });

  test('list prints names', async () => {
    answer = () => ({ body: [{ Name: 'a' }, { Name: 'b' }] });
    expect((await meshwright('config', 'list', '-kind', 'service-resolver')).out).toBe('a\nb\n');
    expect((await meshwright('config', 'list')).err).toBe('Must specify the -kind parameter\n');
  });

  test('delete by name and by file', async () => {
    answer = ({ query }) => ({ body: query.has('cas') ? 'false' : '{}' });
    expect((await meshwright('config', 'delete', '-kind', 'mesh', '-name', 'mesh')).out).toBe(
      'Config entry deleted: mesh/mesh\n',
    );
    writeFileSync(join(folder, 'e.hcl'), 'Kind = "service-router"\nName = "a/b"');
    expect((await meshwright('config', 'delete', '-filename', 'e.hcl')).out).toBe(
      'Config entry deleted: service-router/a/b\n',
    );
    expect(lastRequest()).toMatchObject({ method: 'DELETE', url: '/v1/config/service-router/a%2Fb' });
    expect(await meshwright('config', 'delete', '-cas', '-modify-index=5', '-kind=mesh', '-name=mesh')).toMatchObject({
      code: 1,
      err: 'Config entry not deleted: mesh/mesh\n',
    });
  });
});

describe('intentions', () => {
  const WEB_API = {
    SourceNS: 'default',
    SourceName: 'web',
    DestinationNS: 'default',
    DestinationName: 'api',
    SourceType: 'consul',
    Action: 'deny',
    Precedence: 9,
  };

  test('create writes the exact intention', async () => {
    answer = ({ method }) => (method === 'PUT' ? { body: 'true' } : { status: 404, body: 'Intention not found' });
    expect(await meshwright('intention', 'create', '-deny', 'web', 'api')).toEqual({
      code: 0,
      out: 'Created: web => api (deny)\n',
      err: '',
    });
    expect(lastRequest()).toMatchObject({
      method: 'PUT',
      url: '/v1/connect/intentions/exact?source=web&destination=api',
    });
    expect(sentBody()).toMatchObject({ SourceName: 'web', DestinationName: 'api', Action: 'deny' });
  });

  test('create does not touch one that exists, unless it shall replace it', async () => {
    answer = ({ method }) => ({ body: method === 'PUT' ? 'true' : WEB_API });
    const refused = await meshwright('intention', 'create', 'web', 'api');
    expect(refused.code).toBe(1);
    expect(refused.err).toContain('Error creating intention "web => api (allow)": duplicate intention found');
    expect(agent.seen.map(({ method }) => method)).toEqual(['GET']);
    expect((await meshwright('intention', 'create', '-allow', '-replace', 'web', 'api')).out).toBe(
      'Replaced: web => api (allow)\n',
    );
  });

  test('create from a file keeps permissions', async () => {
    answer = ({ method }) => (method === 'PUT' ? { body: 'true' } : { status: 404 });
    const permissions = [{ Action: 'allow', HTTP: { PathPrefix: '/' } }];
    writeFileSync(
      join(folder, 'i.json'),
      JSON.stringify({ SourceName: 'web', DestinationName: 'api', Permissions: permissions, CreateIndex: 5 }),
    );
    expect((await meshwright('intention', 'create', '-file', 'i.json')).out).toBe(
      'Created: web => api (1 permissions)\n',
    );
    expect(sentBody()).toEqual({
      SourceType: 'consul',
      SourceName: 'web',
      DestinationName: 'api',
      Permissions: permissions,
    });
  });

  test.each([
    [{ Allowed: true }, 0, 'Allowed\n'],
    [{ Allowed: false }, 1, 'Denied\n'],
  ])('check: %j', async (body, code, out) => {
    answer = () => ({ body });
    expect(await meshwright('intention', 'check', 'web', 'api')).toEqual({ code, out, err: '' });
    expect(lastRequest()?.url).toBe('/v1/mesh/intentions/check?source=web&destination=api');
  });

  test('check ends with 2 after an error', async () => {
    answer = () => ({ status: 500, body: 'no' });
    expect((await meshwright('intention', 'check', 'web', 'api')).code).toBe(2);
    expect((await meshwright('intention', 'check', 'web')).code).toBe(2);
  });

  test('list, match and get', async () => {
    answer = ({ path }) => ({
      body: path.endsWith('/match')
        ? { api: [WEB_API] }
        : path.endsWith('/exact')
          ? { ...WEB_API, Meta: { k: 'v' } }
          : [WEB_API],
    });
    expect((await meshwright('intention', 'list')).out).toBe(
      'ID  Source  Action  Destination  Precedence\n    web     deny    api          9\n',
    );
    expect((await meshwright('intention', 'match', 'api')).out).toBe('web => api (deny)\n');
    expect((await meshwright('intention', 'get', 'web', 'api')).out).toBe(
      'Source:       web\nDestination:  api\nAction:       deny\nMeta[k]:      v\n',
    );
  });

  test('delete, and of what is not there', async () => {
    answer = () => ({ body: 'true' });
    expect((await meshwright('intention', 'delete', 'web', 'api')).out).toBe('Intention deleted.\n');
    answer = () => ({ status: 404, body: 'Intention not found' });
    expect(await meshwright('intention', 'delete', 'web', 'api')).toEqual({
      code: 1,
      out: '',
      err: 'Error: Intention with source "web" and destination "api" not found.\n',
    });
  });
});

describe('members', () => {
  const server = {
    Name: 'n1',
    Addr: '127.0.0.1',
    Port: 8301,
    Status: 1,
    ProtocolCur: 2,
    Tags: { role: 'consul', dc: 'dc1', build: '1.21.4:', vsn: '2' },
  };
  const client = {
    Name: 'c1',
    Addr: '::1',
    Port: 8301,
    Status: 4,
    ProtocolCur: 2,
    Tags: { role: 'node', dc: 'dc1', build: '1.21.4:', vsn: '2' },
  };

  test('a table by datacenter and name', async () => {
    answer = () => ({ body: [server, client] });
    expect((await meshwright('members')).out).toBe(
      `Node  Address         Status  Type    Build   Protocol  DC   Partition  Segment
c1    [::1]:8301      failed  client  1.21.4  2         dc1  default    <default>
n1    127.0.0.1:8301  alive   server  1.21.4  2         dc1  default    <all>
`,
    );
  });

  test('only those of a status; exit code 2 when there are none', async () => {
    answer = () => ({ body: [server, client] });
    expect((await meshwright('members', '-status=alive|leaving')).out).not.toContain('failed');
    expect(await meshwright('members', '-status=left')).toEqual({ code: 2, out: '', err: '' });
    expect((await meshwright('members', '-status=(')).err).toMatch(/^Failed to compile status regexp: /);
  });
});

describe('proxies', () => {
  const proxy = {
    Node: 'n1',
    ProxyID: 'web-sidecar-proxy',
    Service: 'web',
    Connected: true,
    Version: '1.40.0',
    Tested: true,
    Pending: false,
    AcceptedIndex: 42,
    Refused: 1,
  };

  test('list', async () => {
    answer = () => ({
      body: [proxy, { ...proxy, ProxyID: 'old', Connected: false, Version: '1.33.0', Tested: false, Pending: true }],
    });
    expect((await meshwright('proxies')).out).toBe(
      `Node  Proxy              Service  State      Envoy              Configuration  Refused  Index
n1    web-sidecar-proxy  web      connected  1.40.0             current        1        42
n1    old                web      away       1.33.0 (untested)  pending        1        42
`,
    );
  });

  test('read finds the node, and shows what was refused and why', async () => {
    const resources = [
      { Type: 'cluster', Name: 'api', Progress: 'current', Entries: ['service-resolver/api'] },
      {
        Type: 'listener',
        Name: 'api:127.0.0.1:9191',
        Progress: 'refused',
        Entries: [],
        Refusal: { Error: 'no such filter' },
      },
    ];
    answer = ({ path }) => ({
      body: path === '/v1/mesh/proxies' ? [proxy] : { ...proxy, Resources: resources, Problems: ['a problem'] },
    });
    const { out } = await meshwright('proxies', 'read', 'web-sidecar-proxy');
    expect(lastRequest()?.path).toBe('/v1/mesh/proxies/n1/web-sidecar-proxy');
    expect(out).toContain('Problem: a problem\n');
    expect(out).toContain('cluster   api                 current  service-resolver/api\n');
    expect(out).toContain('listener api:127.0.0.1:9191 was refused: no such filter\n');
  });
});

describe('operating an agent', () => {
  test('info prints sorted sections', async () => {
    answer = () => ({ body: { Stats: { b: { y: '2', x: '1' }, a: {} } } });
    expect((await meshwright('info')).out).toBe('a:\nb:\n\tx = 1\n\ty = 2\n');
  });

  test('join, leave, reload, force-leave', async () => {
    answer = ({ path }) => (path === '/v1/agent/join/bad' ? { status: 500, body: 'no route' } : {});
    expect((await meshwright('join', '10.0.0.1', 'bad')).out).toBe(
      'Successfully joined cluster by contacting 1 nodes.\n',
    );
    expect(await meshwright('join', 'bad')).toEqual({
      code: 1,
      out: '',
      err: "Error joining address 'bad': Unexpected response code: 500 (no route)\nFailed to join any nodes.\n",
    });
    expect((await meshwright('leave')).out).toBe('Graceful leave complete\n');
    expect((await meshwright('reload')).out).toBe('Configuration reload triggered\n');
    expect((await meshwright('force-leave', '-prune', 'vm-7')).code).toBe(0);
    expect(lastRequest()?.url).toBe('/v1/agent/force-leave/vm-7?prune=1');
  });

  test('kv list', async () => {
    answer = () => ({ body: ['a', 'b/c'] });
    expect((await meshwright('kv', 'list')).out).toBe('a\nb/c\n');
    expect(lastRequest()?.url).toBe('/v1/kv/?keys');
  });
});

describe('finding the agent', () => {
  const tokenSeen = () => lastRequest()?.headers['x-consul-token'];

  test('our own variables come before those of Consul, flags before both', async () => {
    answer = () => ({ body: [] });
    const env = { CONSUL_HTTP_TOKEN: 'consul', MESHWRIGHT_HTTP_TOKEN: 'ours' };
    await given(['catalog', 'datacenters'], { env: { CONSUL_HTTP_TOKEN: 'consul' } });
    expect(tokenSeen()).toBe('consul');
    await given(['catalog', 'datacenters'], { env });
    expect(tokenSeen()).toBe('ours');
    await given(['catalog', 'datacenters', '-token=flag'], { env });
    expect(tokenSeen()).toBe('flag');
  });

  test('tokens in files', async () => {
    answer = () => ({ body: [] });
    writeFileSync(join(folder, 'token'), 'from-file\n');
    await given(['catalog', 'datacenters'], { env: { CONSUL_HTTP_TOKEN_FILE: 'token', CONSUL_HTTP_TOKEN: 'x' } });
    expect(tokenSeen()).toBe('from-file');
    await meshwright('catalog', 'datacenters', '-token-file', 'token', '-token', 'x');
    expect(tokenSeen()).toBe('from-file');
    expect((await meshwright('catalog', 'datacenters', '-token-file', 'none')).err).toBe(
      'Error reading the token file: open none: no such file or directory\n',
    );
  });

  test('a URL with a path in front, and basic authentication', async () => {
    answer = () => ({ body: [] });
    await given(['catalog', 'datacenters', `-http-addr=http://${agent.address}/consul/`], {
      env: { CONSUL_HTTP_AUTH: 'me:secret' },
    });
    expect(lastRequest()?.path).toBe('/consul/v1/catalog/datacenters');
    expect(lastRequest()?.headers.authorization).toBe(`Basic ${Buffer.from('me:secret').toString('base64')}`);
  });

  test('a port alone is one of this host', async () => {
    answer = () => ({ body: [] });
    const port = agent.address.split(':')[1] ?? '';
    expect((await meshwright('catalog', 'datacenters', `-http-addr=:${port}`)).code).toBe(0);
  });

  test('commands that need no agent do not care where one is', async () => {
    const env = { CONSUL_HTTP_ADDR: 'ftp://x', CONSUL_CACERT: '/nowhere' };
    expect((await given(['version'], { env })).code).toBe(0);
    expect((await given(['catalog', 'datacenters'], { env })).code).toBe(1);
  });

  test('nobody listens: the sentence says what to do', async () => {
    const { address } = agent;
    await agent.close();
    const { code, err } = await run(['catalog', 'datacenters'], { env: { CONSUL_HTTP_ADDR: address } });
    expect(code).toBe(1);
    expect(err).toContain(`cannot reach the agent at http://${address}: connection refused`);
    expect(err).toContain('-http-addr');
  });

  test.each(['http://[', 'ftp://x', 'a b'])('the address %j is refused', async (address) => {
    const { code, err } = await meshwright('catalog', 'datacenters', '-http-addr', address);
    expect({ code, err }).toEqual({ code: 1, err: expect.stringContaining('agent address') });
  });

  test('something that is not an agent', async () => {
    answer = () => ({ body: '<html>' });
    expect((await meshwright('catalog', 'datacenters')).err).toContain('is it an agent?');
  });
});

describe('event', () => {
  test('fires, with filters and a payload', async () => {
    answer = () => ({ body: { ID: 'e1' } });
    expect(await meshwright('event', '-name=deploy/it', '-service=web', '-tag=v1', 'payload')).toEqual({
      code: 0,
      out: 'Event ID: e1\n',
      err: '',
    });
    expect(lastRequest()).toMatchObject({
      method: 'PUT',
      url: '/v1/event/fire/deploy%2Fit?service=web&tag=v1',
      body: 'payload',
    });
  });

  test('needs a name, and a service for a tag', async () => {
    expect(await meshwright('event', 'x')).toEqual({ code: 1, out: '', err: 'Error! Must specify -name\n' });
    expect((await meshwright('event', '-name=x', '-tag=a')).err).toContain('Cannot provide -tag without -service');
    expect(agent.seen).toEqual([]);
  });

  test('that is refused says why', async () => {
    answer = () => ({ status: 400, body: 'Invalid node filter' });
    const { code, err } = await meshwright('event', '-name=x', '-node=(');
    expect([code, err]).toEqual([1, expect.stringContaining('Invalid node filter')]);
  });
});

describe('lock', () => {
  test.each([
    [['lock'], /Missing PREFIX/],
    [['lock', '/'], /Missing PREFIX/],
    [['lock', 'a'], /Missing COMMAND/],
    [['lock', '-n=0', 'a', 'true'], /-n must be at least 1/],
    [['lock', '-monitor-retry=-1', 'a', 'true'], /-monitor-retry/],
    [['lock', '-try=soon', 'a', 'true'], /duration/],
  ])('%j is refused before an agent is asked', async (argv, expected) => {
    const { code, err } = await meshwright(...argv);
    expect([code, err]).toEqual([1, expect.stringMatching(expected)]);
    expect(agent.seen).toEqual([]);
  });

  test('says why no session can be made', async () => {
    answer = () => ({ status: 403, body: 'Permission denied' });
    const { code, err } = await meshwright('lock', 'a', 'true');
    expect([code, err]).toEqual([1, expect.stringContaining('Permission denied')]);
  });
});

describe('connect expose', () => {
  const entry = {
    Kind: 'ingress-gateway',
    Name: 'edge',
    Listeners: [
      { Port: 80, Protocol: 'http', Services: [{ Name: 'api', Hosts: ['api.example'] }] },
      { Port: 90, Protocol: 'tcp', Services: [{ Name: 'db' }] },
    ],
    ModifyIndex: 7,
  };
  const expose = (...more: readonly string[]) =>
    meshwright('connect', 'expose', '-service=web', '-ingress-gateway=edge', ...more);

  test('adds the service to its port, keeps all else, and allows the gateway to call it', async () => {
    answer = ({ method }) => ({ body: method === 'GET' ? JSON.stringify(entry) : 'true' });
    expect((await expose('-port=80', '-protocol=http', '-host=web.example')).code).toBe(0);
    const write = agent.seen.find(({ url }) => url === '/v1/config?cas=7');
    expect(JSON.parse(write?.body ?? 'null')).toMatchObject({
      Listeners: [
        {
          Port: 80,
          Services: [
            { Name: 'api', Hosts: ['api.example'] },
            { Name: 'web', Hosts: ['web.example'] },
          ],
        },
        { Port: 90, Services: [{ Name: 'db' }] },
      ],
    });
    expect(lastRequest()).toMatchObject({
      method: 'PUT',
      url: '/v1/connect/intentions/exact?source=edge&destination=web',
    });
    expect(sentBody()).toMatchObject({ Action: 'allow' });
  });

  test('does not write what contradicts the port, nor over what somebody else changed', async () => {
    answer = ({ method }) => ({ body: method === 'GET' ? JSON.stringify(entry) : 'false' });
    expect((await expose('-port=90', '-protocol=http')).err).toContain('conflicting protocol "tcp"');
    expect((await expose('-port=91')).err).toContain('somebody else changed it');
  });
});
