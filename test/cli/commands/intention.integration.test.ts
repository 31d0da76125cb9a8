import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { besideFakeAgent } from '../support/beside-fake-agent.js';

const cli = besideFakeAgent();
const { meshwright, lastRequest, sentBody } = cli;

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
    cli.answer = ({ method }) => (method === 'PUT' ? { body: 'true' } : { status: 404, body: 'Intention not found' });
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
    cli.answer = ({ method }) => ({ body: method === 'PUT' ? 'true' : WEB_API });
    const refused = await meshwright('intention', 'create', 'web', 'api');
    expect(refused.code).toBe(1);
    expect(refused.err).toContain('Error creating intention "web => api (allow)": duplicate intention found');
    expect(cli.seen.map(({ method }) => method)).toEqual(['GET']);
    expect((await meshwright('intention', 'create', '-allow', '-replace', 'web', 'api')).out).toBe(
      'Replaced: web => api (allow)\n',
    );
  });

  test('create from a file keeps permissions', async () => {
    cli.answer = ({ method }) => (method === 'PUT' ? { body: 'true' } : { status: 404 });
    const permissions = [{ Action: 'allow', HTTP: { PathPrefix: '/' } }];
    writeFileSync(
      join(cli.folder, 'i.json'),
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
    cli.answer = () => ({ body });
    expect(await meshwright('intention', 'check', 'web', 'api')).toEqual({ code, out, err: '' });
    expect(lastRequest()?.url).toBe('/v1/mesh/intentions/check?source=web&destination=api');
  });

  test('check ends with 2 after an error', async () => {
    cli.answer = () => ({ status: 500, body: 'no' });
    expect((await meshwright('intention', 'check', 'web', 'api')).code).toBe(2);
    expect((await meshwright('intention', 'check', 'web')).code).toBe(2);
  });

  test('list, match and get', async () => {
    cli.answer = ({ path }) => ({
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
    cli.answer = () => ({ body: 'true' });
    expect((await meshwright('intention', 'delete', 'web', 'api')).out).toBe('Intention deleted.\n');
    cli.answer = () => ({ status: 404, body: 'Intention not found' });
    expect(await meshwright('intention', 'delete', 'web', 'api')).toEqual({
      code: 1,
      out: '',
      err: 'Error: Intention with source "web" and destination "api" not found.\n',
    });
  });
});
