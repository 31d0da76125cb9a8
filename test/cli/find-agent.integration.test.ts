import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { besideFakeAgent } from './support/beside-fake-agent.js';
import { run } from './support/run.js';

const cli = besideFakeAgent();
const { given, meshwright, lastRequest } = cli;

describe('finding the agent', () => {
  const tokenSeen = () => lastRequest()?.headers['x-consul-token'];

  test('our own variables come before those of Consul, flags before both', async () => {
    cli.answer = () => ({ body: [] });
    const env = { CONSUL_HTTP_TOKEN: 'consul', MESHWRIGHT_HTTP_TOKEN: 'ours' };
    await given(['catalog', 'datacenters'], { env: { CONSUL_HTTP_TOKEN: 'consul' } });
    expect(tokenSeen()).toBe('consul');
    await given(['catalog', 'datacenters'], { env });
    expect(tokenSeen()).toBe('ours');
    await given(['catalog', 'datacenters', '-token=flag'], { env });
    expect(tokenSeen()).toBe('flag');
  });

  test('tokens in files', async () => {
    cli.answer = () => ({ body: [] });
    writeFileSync(join(cli.folder, 'token'), 'from-file\n');
    await given(['catalog', 'datacenters'], { env: { CONSUL_HTTP_TOKEN_FILE: 'token', CONSUL_HTTP_TOKEN: 'x' } });
    expect(tokenSeen()).toBe('from-file');
    await meshwright('catalog', 'datacenters', '-token-file', 'token', '-token', 'x');
    expect(tokenSeen()).toBe('from-file');
    expect((await meshwright('catalog', 'datacenters', '-token-file', 'none')).err).toBe(
      'Error reading the token file: open none: no such file or directory\n',
    );
  });

  test('a URL with a path in front, and basic authentication', async () => {
    cli.answer = () => ({ body: [] });
    await given(['catalog', 'datacenters', `-http-addr=http://${cli.address}/consul/`], {
      env: { CONSUL_HTTP_AUTH: 'me:secret' },
    });
    expect(lastRequest()?.path).toBe('/consul/v1/catalog/datacenters');
    expect(lastRequest()?.headers.authorization).toBe(`Basic ${Buffer.from('me:secret').toString('base64')}`);
  });

  test('a port alone is one of this host', async () => {
    cli.answer = () => ({ body: [] });
    const port = cli.address.split(':')[1] ?? '';
    expect((await meshwright('catalog', 'datacenters', `-http-addr=:${port}`)).code).toBe(0);
  });

  test('commands that need no agent do not care where one is', async () => {
    const env = { CONSUL_HTTP_ADDR: 'ftp://x', CONSUL_CACERT: '/nowhere' };
    expect((await given(['version'], { env })).code).toBe(0);
    expect((await given(['catalog', 'datacenters'], { env })).code).toBe(1);
  });

  test('nobody listens: the sentence says what to do', async () => {
    const { address } = cli;
    await cli.closeAgent();
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
    cli.answer = () => ({ body: '<html>' });
    expect((await meshwright('catalog', 'datacenters')).err).toContain('is it an agent?');
  });
});
