import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import {
  type AppAnswer,
  freePort,
  httpCall,
  Mesh,
  NEWEST_ENVOY,
  type ProxyReport,
  type RunningEnvoy,
  startForeignEnvoy,
  until,
} from '../support/envoy-rig/index.js';
import { TcpConnection } from '../support/load/index.js';
import { headerAddingPlugin } from '../support/wasm-module.js';
import { type SignedRequest, signedBy } from './support/aws-signature.js';
import { type GrpcReceiver, startAuthorizationServer, startLogCollector } from './support/grpc-receiver.js';

type Body = Readonly<Record<string, unknown>>;

const lua = (Listener: string, Script: string): Body => ({
  Name: 'builtin/lua',
  Arguments: { ProxyType: 'connect-proxy', Listener, Script },
});
const adding = (header: string): string =>
  `function envoy_on_request(handle)\n  handle:headers():add("${header}", "seen")\nend\n`;

describe('Envoy extensions at real Envoys', () => {
  let mesh: Mesh;
  const closers: (() => Promise<unknown>)[] = [];

  beforeAll(async () => {
    mesh = await Mesh.start({
      services: [{ id: 'web', calls: ['api', 'db', 'thumbnails'] }, { id: 'api' }, { id: 'db', protocol: 'tcp' }],
    });
    await mesh.reaches('web', 'api');
  });
  afterEach(async () => {
    for (const name of ['web', 'api', 'db']) await extend(name, []);
    for (const close of closers.splice(0)) await close();
    await mesh.plane.settled();
    for (const id of ['web', 'api', 'db']) await drained(id);
  });
  afterAll(() => mesh?.close());

  const extend = (service: string, EnvoyExtensions: readonly Body[]) =>
    mesh.plane.configure({
      Kind: 'service-defaults',
      Name: service,
      Protocol: service === 'db' ? 'tcp' : 'http',
      EnvoyExtensions,
    });
  const call = (headers: Record<string, string> = {}, path = '/') =>
    httpCall({ port: mesh.port('web', 'api'), headers, path });
  const seenByApp = async (path = '/'): Promise<AppAnswer> => JSON.parse((await call({}, path)).text) as AppAnswer;
  /** Connections of before keep what was before for as long as they drain. */
  const drained = (id: string) =>
    until(`the end of what ${id} had`, async () => {
      const stats = await mesh.envoy(id).stats('listener_manager.total_(filter_chains|listeners)_draining');
      return stats.size === 2 && [...stats.values()].every((count) => count === 0);
    });
  const report = (id: string): Promise<ProxyReport> => mesh.plane.proxy(`${id}-sidecar-proxy`);
  const answers = (status: number, headers: Record<string, string> = {}) =>
    until(`status ${status}`, async () => (await call(headers)).status === status);

  it('lua: scripts of the caller and of the called service see each request', async () => {
    await extend('web', [lua('outbound', adding('x-out'))]);
    await extend('api', [lua('inbound', adding('x-in'))]);
    await until('both headers', async () => {
      const { headers } = await seenByApp();
      return headers['x-out'] === 'seen' && headers['x-in'] === 'seen';
    });
    await extend('web', []);
    await until('one header', async () => (await seenByApp()).headers['x-out'] === undefined);
    await drained('api');
    expect((await seenByApp()).headers['x-in']).toBe('seen');
  });

  it('lua: a script that fails when it is loaded is refused by the Envoy, which goes on with what it had; the report says so', async () => {
    await extend('api', [lua('inbound', adding('x-good'))]);
    await until('the header', async () => (await seenByApp()).headers['x-good'] === 'seen');
    await drained('api');
    await extend('api', [lua('inbound', `${adding('x-good')}local x = nothing.more\n`)]);
    const refused = await until('the refusal', async () =>
      (await report('api')).Resources?.find(({ Refusal }) => Refusal !== undefined),
    );
    expect([refused.Type, refused.Progress]).toEqual(['listener', 'refused']);
    expect(refused.Refusal?.Error).toMatch(/script load error/);
    expect((await seenByApp()).headers['x-good']).toBe('seen');
  });

  it('ext-authz over HTTP: a server decides, and is asked with what it is to be told', async () => {
    const asked: string[] = [];
    const authz = await startHttpAuthorization((url, user) => {
      asked.push(url);
      return user === 'good';
    });
    closers.push(authz.close);
    const HttpService = {
      Target: { URI: `127.0.0.1:${authz.port}` },
      PathPrefix: '/verify',
      AuthorizationRequest: { AllowedHeaders: [{ Exact: 'x-user' }] },
    };
    const extension = (Required: boolean): Body => ({
      Name: 'builtin/ext-authz',
      Required,
      Arguments: { ProxyType: 'connect-proxy', Config: { HttpService } },
    });
    await extend('api', [extension(true)]);
    await answers(403, { 'x-user': 'bad' });
    await drained('api');
    expect((await call({ 'x-user': 'good' }, '/a')).status).toBe(200);
    expect(asked.at(-1)).toBe('/verify/a');
    await authz.close();
    expect((await call({ 'x-user': 'good' })).status).toBe(403);
    await extend('api', [extension(false)]);
    await answers(200, { 'x-user': 'bad' });
  });

  it('ext-authz over gRPC: about requests in, and about connections', async () => {
    const http = await startAuthorizationServer(({ headers }) => headers['x-user'] === 'good');
    let allowsConnections = false;
    const tcp = await startAuthorizationServer(() => allowsConnections);
    closers.push(http.close, tcp.close);
    const extension = ({ port }: GrpcReceiver): Body => ({
      Name: 'builtin/ext-authz',
      Required: true,
      Arguments: { Config: { GrpcService: { Target: { URI: `localhost:${port}`, Timeout: '5s' } } } },
    });
    await extend('api', [extension(http)]);
    await extend('db', [extension(tcp)]);
    await answers(403, { 'x-user': 'bad' });
    await answers(200, { 'x-user': 'good' });
    await until('a refused connection', async () => {
      const opened = await TcpConnection.open(mesh.port('web', 'db'));
      opened?.close();
      return opened === undefined;
    });
    allowsConnections = true;
    const opened = await until('a connection', () => TcpConnection.open(mesh.port('web', 'db')));
    expect(opened.who).toBe('db');
    opened.close();
  });

  it('wasm: a plugin from a file sees each request', async () => {
    const Filename = join(mesh.rig.folder, 'plug.wasm');
    writeFileSync(Filename, headerAddingPlugin('x-wasm', 'seen'));
    await extend('api', [
      {
        Name: 'builtin/wasm',
        Required: true,
        Arguments: {
          Protocol: 'http',
          ListenerType: 'inbound',
          PluginConfig: { Name: 'plug', VmConfig: { Code: { Local: { Filename } } } },
        },
      },
    ]);
    const seen = await until('the plugin’s header', async () => (await seenByApp()).headers['x-wasm']);
    expect(seen).toBe('seen');
  });

  it('property-override: properties of clusters are set and removed, with the effect that Envoy gives them', async () => {
    const patch = (ResourceType: string, Op: string, Path: string, Value?: unknown) => ({
      ResourceFilter: { ResourceType, TrafficDirection: 'outbound' },
      Op,
      Path,
      ...(Value === undefined ? {} : { Value }),
    });
    const override = (...Patches: Body[]): Body => ({
      Name: 'builtin/property-override',
      Arguments: { ProxyType: 'connect-proxy', Patches },
    });
    await extend('web', [override(patch('cluster', 'add', '/connect_timeout/seconds', 7))]);
    const dump = () => mesh.envoy('web').admin('/config_dump?resource=dynamic_active_clusters');
    await until('the timeout', async () => (await dump()).includes('"connect_timeout": "7s"'));
    expect((await call()).status).toBe(200);
    // Without TLS the other sidecar does not take the call: what is patched is what Envoy does.
    await extend('web', [override(patch('cluster', 'remove', '/transport_socket'))]);
    await answers(503);
    await extend('web', []);
    await answers(200);
  });

  it('otel-access-logging: a line about each request arrives at the collector', async () => {
    const collector = await startLogCollector();
    closers.push(collector.close);
    await extend('api', [
      {
        Name: 'builtin/otel-access-logging',
        Arguments: {
          ProxyType: 'connect-proxy',
          ListenerType: 'inbound',
          Config: {
            LogName: 'api-in',
            GrpcService: { Target: { URI: `127.0.0.1:${collector.port}` } },
            Body: '%REQ(:PATH)% was answered %RESPONSE_CODE%',
            Attributes: { caller: '%DOWNSTREAM_PEER_URI_SAN%' },
            BufferSizeBytes: 0,
          },
        },
      },
    ]);
    const line = await until('the line', async () => {
      await call({}, '/logged');
      return collector.received.find((batch) => batch.includes('/logged was answered 200'));
    });
    expect(line).toContain('api-in');
    expect(line).toMatch(/caller.*spiffe:\/\/[^ ]*\/svc\/web/s);
  });

  it('aws/lambda: a call of the service becomes a signed call of the function, and its answer the answer', async () => {
    const ARN = 'arn:aws:lambda:eu-west-1:111111111111:function:thumbnails';
    await extend('thumbnails', [{ Name: 'builtin/aws/lambda', Arguments: { ARN } }]);
    const web = mesh.envoy('web');
    const cluster = await until('the cluster of the function', async () =>
      (await dumped(web, 'dynamic_active_clusters')).find(
        ({ name, type }) => name.startsWith('thumbnails.') && type !== 'EDS',
      ),
    );
    const listener = (await dumped(web, 'dynamic_listeners')).find(({ name }) => name.startsWith('thumbnails:'));
    const address = () => cluster.load_assignment?.endpoints[0]?.lb_endpoints[0]?.endpoint.address;
    expect(address()).toEqual(socketAddress(443, 'lambda.eu-west-1.amazonaws.com'));

    // What the caller's Envoy was told, at an Envoy that finds the function on this machine.
    const lambda = await startFunction({ statusCode: 201, headers: { 'x-function': 'thumbnails' }, body: 'made' });
    closers.push(lambda.close);
    const port = await freePort();
    const local = {
      ...cluster,
      transport_socket: undefined,
      load_assignment: {
        cluster_name: cluster.name,
        endpoints: [{ lb_endpoints: [{ endpoint: { address: socketAddress(lambda.port) } }] }],
      },
    };
    const envoy = await startForeignEnvoy(
      mesh.rig,
      'caller-of-a-function',
      NEWEST_ENVOY,
      (adminPort) => ({
        admin: { address: socketAddress(adminPort) },
        static_resources: { clusters: [local], listeners: [{ ...listener, address: socketAddress(port) }] },
      }),
      [],
      { AWS_ACCESS_KEY_ID: 'KEYOFTHETEST', AWS_SECRET_ACCESS_KEY: 'its secret' },
    );
    closers.push(() => envoy.process.stop());
    await envoy.ready();
    const answer = await httpCall({ port, method: 'POST', path: '/small?width=100', body: 'a picture' });
    expect([answer.status, answer.headers['x-function'], answer.text]).toEqual([201, 'thumbnails', 'made']);
    const [called] = lambda.calls;
    expect(called?.path).toBe(`/2015-03-31/functions/${ARN}/invocations`);
    expect(called?.headers['x-amz-invocation-type']).toBe('RequestResponse');
    expect(JSON.parse(String(called?.body))).toMatchObject({
      method: 'POST',
      raw_path: '/small?width=100',
      query_string_parameters: { width: '100' },
    });
    expect(called && signedBy(called, 'its secret')).toEqual({
      id: 'KEYOFTHETEST',
      region: 'eu-west-1',
      service: 'lambda',
    });
    expect(called && signedBy(called, 'another secret')).toBeUndefined();
    await extend('thumbnails', []);
  });

  it('a required extension that cannot be carried out is refused, or leaves the proxy as it is and the report says why', async () => {
    const asking = (Name: string): Body => ({
      Name: 'builtin/ext-authz',
      Required: true,
      Arguments: { Config: { HttpService: { Target: { Service: { Name } } } } },
    });
    await expect(extend('web', [asking('nobody')])).rejects.toThrow(
      /proxy "web-sidecar-proxy" .*"nobody", which is not an upstream of web/,
    );
    await extend('web', [lua('outbound', adding('x-kept')), asking('db')]);
    await until('the header', async () => (await seenByApp()).headers['x-kept'] === 'seen');
    await drained('web');
    const api = { DestinationName: 'api', LocalBindPort: mesh.port('web', 'api') };
    await mesh.plane.put('/v1/agent/service/register', {
      ID: 'web',
      Name: 'web',
      Port: mesh.app('web').port,
      Connect: { SidecarService: { Port: mesh.sidecarPort('web'), Proxy: { Upstreams: [api] } } },
    });
    await until('the problem', async () =>
      (await report('web')).Problems?.some((problem) => problem.includes('"db", which is not an upstream of web')),
    );
    expect((await seenByApp()).headers['x-kept']).toBe('seen');
    await mesh.register('web');
    await until('the end of the problem', async () => (await report('web')).Problems?.length === 0);
  });

  it('a constraint is held against the Envoy that is connected', async () => {
    const { Version } = await report('api');
    const extension = lua('inbound', adding('x-new'));
    await extend('api', [{ ...extension, EnvoyVersion: `< ${Version}` }]);
    await until('the reason', async () =>
      (await report('api')).Problems?.some((problem) => problem.includes(`it is for Envoy < ${Version}`)),
    );
    expect((await seenByApp()).headers['x-new']).toBeUndefined();
    await extend('api', [{ ...extension, EnvoyVersion: `>= ${Version}` }]);
    await until('the header', async () => (await seenByApp()).headers['x-new'] === 'seen');
  });
});

/** An HTTP server that decides by the path it is asked with and the `x-user` header. */
async function startHttpAuthorization(allows: (url: string, user: string) => boolean) {
  const server: Server = createServer((request, response) => {
    const isAllowed = allows(request.url ?? '', String(request.headers['x-user'] ?? ''));
    response.writeHead(isAllowed ? 200 : 403).end();
  });
  await new Promise<void>((resolve) => server.listen({ host: '127.0.0.1', port: 0 }, resolve));
  const close = () =>
    new Promise<void>((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    });
  return { port: (server.address() as AddressInfo).port, close };
}

const socketAddress = (port_value: number, address = '127.0.0.1') => ({ socket_address: { address, port_value } });

interface Dumped {
  readonly name: string;
  readonly type?: string;
  readonly load_assignment?: {
    readonly endpoints: readonly {
      readonly lb_endpoints: readonly { readonly endpoint: { readonly address: unknown } }[];
    }[];
  };
}

/** What an Envoy has taken of clusters or listeners. */
async function dumped(envoy: RunningEnvoy, resource: string): Promise<readonly Dumped[]> {
  interface Line {
    readonly cluster?: Dumped;
    readonly active_state?: { readonly listener: Dumped };
  }
  const { configs = [] } = JSON.parse(await envoy.admin(`/config_dump?resource=${resource}`)) as { configs?: Line[] };
  const messages = configs.flatMap(({ cluster, active_state }) => cluster ?? active_state?.listener ?? []);
  // In a bootstrap their type is known.
  return messages.map((message) => ({ ...message, '@type': undefined }));
}

/** The door of AWS Lambda for one function that always answers the same. */
async function startFunction(answer: Body) {
  const calls: SignedRequest[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const { method = '', url: path = '', headers } = request;
      calls.push({ method, path, headers, body: Buffer.concat(chunks) });
      response.setHeader('content-type', 'application/json').end(JSON.stringify(answer));
    });
  });
  await new Promise<void>((resolve) => server.listen({ host: '127.0.0.1', port: 0 }, resolve));
  const close = () =>
    new Promise<void>((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    });
  return { port: (server.address() as AddressInfo).port, calls, close };
}
