import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { besideFakeAgent } from '../support/beside-fake-agent.js';

const cli = besideFakeAgent();
const { given, meshwright, lastRequest, sentBody } = cli;

describe('config write', () => {
  test('HCL from stdin becomes JSON, blocks written once become objects', async () => {
    cli.answer = () => ({ body: 'true' });
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
    cli.answer = () => ({ body: 'true' });
    writeFileSync(join(cli.folder, 'e.json'), '{"Kind":"proxy-defaults","Config":{"big":9007199254740993}}');
    expect((await meshwright('config', 'write', 'e.json')).out).toBe('Config entry written: proxy-defaults/global\n');
    expect(lastRequest()?.body).toContain('9007199254740993');
  });

  test('Check-And-Set', async () => {
    cli.answer = () => ({ body: 'false' });
    const options = { stdin: 'Kind = "mesh"' };
    const { code, err } = await given(['config', 'write', '-cas', '-modify-index=7', '-'], options);
    expect({ code, err }).toEqual({ code: 1, err: expect.stringContaining('CAS failed') });
    expect(lastRequest()?.url).toBe('/v1/config?cas=7');
    expect((await given(['config', 'write', '-modify-index=7', '-'], options)).err).toBe(
      'Cannot specify -modify-index without -cas\n',
    );
  });

  test('what the agent refuses is said in its words', async () => {
    cli.answer = () => ({ status: 400, body: 'Bad Request: splits must add up to 100' });
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
    expect(cli.seen).toEqual([]);
  });

  test('a file that is not there', async () => {
    expect((await meshwright('config', 'write', 'none.hcl')).err).toBe(
      'Failed to load data: open none.hcl: no such file or directory\n',
    );
  });
});

describe('config read, list, delete', () => {
  test('read prints what write takes back: without hash, large numbers kept', async () => {
    cli.answer = () => ({
      body: '{"Kind":"service-defaults","Name":"web","Config":{"n":9007199254740993},"Hash":816915013515589547,"CreateIndex":19,"ModifyIndex":19}',
    });
    const { code, out } = await meshwright('config', 'read', '-kind', 'service-defaults', '-name', 'web');
    expect(code).toBe(0);
    expect(out).toBe(
      '{\n\t"Kind": "service-defaults",\n\t"Name": "web",\n\t"Config": {\n\t\t"n": 9007199254740993\n\t},\n\t"CreateIndex": 19,\n\t"ModifyIndex": 19\n}\n',
    );
  });

  test('read of what is not there', async () => {
    cli.answer = () => ({ status: 404, body: 'Config entry not found for "mesh" / "mesh"' });
    expect(await meshwright('config', 'read', '-kind=mesh', '-name=mesh')).toEqual({
      code: 1,
      out: '',
      err: 'Error reading config entry mesh/mesh: Unexpected response code: 404 (Config entry not found for "mesh" / "mesh")\n',
    });
  });

  test('list prints names', async () => {
    cli.answer = () => ({ body: [{ Name: 'a' }, { Name: 'b' }] });
    expect((await meshwright('config', 'list', '-kind', 'service-resolver')).out).toBe('a\nb\n');
    expect((await meshwright('config', 'list')).err).toBe('Must specify the -kind parameter\n');
  });

  test('delete by name and by file', async () => {
    cli.answer = ({ query }) => ({ body: query.has('cas') ? 'false' : '{}' });
    expect((await meshwright('config', 'delete', '-kind', 'mesh', '-name', 'mesh')).out).toBe(
      'Config entry deleted: mesh/mesh\n',
    );
    writeFileSync(join(cli.folder, 'e.hcl'), 'Kind = "service-router"\nName = "a/b"');
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
