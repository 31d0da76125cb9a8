import { describe, expect, test } from 'vitest';
import { besideFakeAgent } from '../support/beside-fake-agent.js';

const cli = besideFakeAgent();
const { meshwright, lastRequest } = cli;

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
    cli.answer = () => ({ body: [server, client] });
    expect((await meshwright('members')).out).toBe(
      `Node  Address         Status  Type    Build   Protocol  DC   Partition  Segment
c1    [::1]:8301      failed  client  1.21.4  2         dc1  default    <default>
n1    127.0.0.1:8301  alive   server  1.21.4  2         dc1  default    <all>
`,
    );
  });

  test('only those of a status; exit code 2 when there are none', async () => {
    cli.answer = () => ({ body: [server, client] });
    expect((await meshwright('members', '-status=alive|leaving')).out).not.toContain('failed');
    expect(await meshwright('members', '-status=left')).toEqual({ code: 2, out: '', err: '' });
    expect((await meshwright('members', '-status=(')).err).toMatch(/^Failed to compile status regexp: /);
  });
});

describe('operating an agent', () => {
  test('info prints sorted sections', async () => {
    cli.answer = () => ({ body: { Stats: { b: { y: '2', x: '1' }, a: {} } } });
    expect((await meshwright('info')).out).toBe('a:\nb:\n\tx = 1\n\ty = 2\n');
  });

  test('join, leave, reload, force-leave', async () => {
    cli.answer = ({ path }) => (path === '/v1/agent/join/bad' ? { status: 500, body: 'no route' } : {});
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
});

describe('kv list', () => {
  test('prints the keys', async () => {
    cli.answer = () => ({ body: ['a', 'b/c'] });
    expect((await meshwright('kv', 'list')).out).toBe('a\nb/c\n');
    expect(lastRequest()?.url).toBe('/v1/kv/?keys');
  });
});

describe('event', () => {
  test('fires, with filters and a payload', async () => {
    cli.answer = () => ({ body: { ID: 'e1' } });
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
    expect(cli.seen).toEqual([]);
  });

  test('that is refused says why', async () => {
    cli.answer = () => ({ status: 400, body: 'Invalid node filter' });
    const { code, err } = await meshwright('event', '-name=x', '-node=(');
    expect([code, err]).toEqual([1, expect.stringContaining('Invalid node filter')]);
  });
});
