import { availableParallelism } from 'node:os';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { createCertificateAuthority } from '../../src/ca/index.js';
import { systemClock } from '../../src/core/index.js';
import { createMemoryBackend, createStateStore } from '../../src/state/index.js';
import {
  type AppAnswer,
  type HttpCall,
  Mesh,
  NEWEST_ENVOY,
  OLDEST_ENVOY,
  httpCall,
  until,
} from '../support/envoy-rig/index.js';
import { startHttpLoad } from '../support/load/index.js';
import { type KeyServer, startKeyServer, TokenIssuer } from './support/token-issuer.js';

const ROUNDS = 20;
const MORE_ROUNDS = 6;
const BURST = 40;
const till = new TokenIssuer('https://till.example');
const door = new TokenIssuer('https://door.example');
const stranger = new TokenIssuer('https://till.example');

const bearer = (token: string): Record<string, string> => ({ authorization: `Bearer ${token}` });
const allow = { Name: 'web', Action: 'allow' };
const asking = (...Providers: readonly object[]) => ({ JWT: { Providers } });

/** One service that calls another one; what is asked of its requests differs from test to test. */
class Tokens {
  private constructor(readonly mesh: Mesh) {}

  static async start(defaultPolicy: 'allow' | 'deny', { envoy = NEWEST_ENVOY, drainTimeS = 15 } = {}): Promise<Tokens> {
    const config = { default_intention_policy: defaultPolicy };
    return new Tokens(await Mesh.start({ drainTimeS, config, envoy, services: [] }));
  }

  /** Everybody may call, and the mesh knows two providers before it has an Envoy. */
  static async withProviders(defaultPolicy: 'allow' | 'deny', envoy = NEWEST_ENVOY): Promise<Tokens> {
    const tokens = await Tokens.start(defaultPolicy, { envoy });
    await tokens.provider('till', till, { Audiences: ['shop', 'bar'], ClockSkewSeconds: 20 });
    await tokens.provider('door', door);
    await tokens.open();
    return tokens;
  }

  async open(): Promise<void> {
    await this.mesh.add({ id: 'web', calls: ['api', 'db'] }, { id: 'api' }, { id: 'db', protocol: 'tcp' });
    await this.intentions({ Sources: [allow] });
    await this.mesh.reaches('web', 'api');
  }

  provider(Name: string, issuer: TokenIssuer, fields: object = {}): Promise<void> {
    const common = { Kind: 'jwt-provider', Name, Issuer: issuer.issuer, JSONWebKeySet: issuer.local };
    return this.mesh.plane.configure({ ...common, ...fields });
  }

  async intentions(fields: object, destination = 'api'): Promise<void> {
    await this.mesh.plane.configure({ Kind: 'service-intentions', Name: destination, ...fields });
    await this.mesh.plane.settled();
  }

  /** Many requests at once, by their status. */
  async burst(headers: Record<string, string>): Promise<Readonly<Record<number, number>>> {
    const statuses = await Promise.all(Array.from({ length: BURST }, () => this.status({ headers })));
    return Object.fromEntries(
      [...new Set(statuses)].map((status) => [status, statuses.filter((one) => one === status).length]),
    );
  }

  /** A figure of the connections between the sidecars. */
  async connections(figure: 'active' | 'total'): Promise<number> {
    const text = await this.mesh.envoy('web').admin(`/stats?filter=^cluster\\.api\\..*upstream_cx_${figure}$`);
    return Number(/: (\d+)/.exec(text)?.[1]);
  }

  async status(call: Omit<HttpCall, 'port'> = {}): Promise<number> {
    return (await httpCall({ port: this.mesh.port('web', 'api'), ...call })).status;
  }

  async seen(call: Omit<HttpCall, 'port'>): Promise<AppAnswer> {
    const { text } = await httpCall({ port: this.mesh.port('web', 'api'), ...call });
    return JSON.parse(text) as AppAnswer;
  }

  problems(id: string): Promise<readonly string[]> {
    return this.mesh.plane.proxy(`${id}-sidecar-proxy`).then(({ Problems = [] }) => Problems);
  }

  /** Resources that Envoys refuse, by proxy. */
  async refused(): Promise<Readonly<Record<string, number>>> {
    const proxies = await this.mesh.plane.proxies();
    const reports = await Promise.all(proxies.map(({ ProxyID }) => this.mesh.plane.proxy(ProxyID)));
    return Object.fromEntries(
      reports.filter(({ Refused }) => Refused > 0).map(({ ProxyID, Refused }) => [ProxyID, Refused]),
    );
  }
}

describe.each([
  ['deny', NEWEST_ENVOY],
  ['allow', NEWEST_ENVOY],
  ['deny', OLDEST_ENVOY],
] as const)('tokens at real Envoys, under default %s, Envoy %s', (defaultPolicy, envoy) => {
  let tokens: Tokens;
  beforeAll(async () => {
    tokens = await Tokens.withProviders(defaultPolicy, envoy);
    await tokens.intentions({
      Sources: [allow],
      ...asking({ Name: 'till', VerifyClaims: [{ Path: ['at', 'shop'], Value: 'north' }] }),
    });
  });
  afterAll(() => tokens?.mesh.close());

  const claims = { aud: 'shop', at: { shop: 'north' } };

  it.each([
    ['good', till.token(claims), 200],
    ['for another audience of the two', till.token({ ...claims, aud: ['bar', 'elsewhere'] }), 200],
    ['for somebody else', till.token({ ...claims, aud: 'kitchen' }), 403],
    ['for nobody', till.token({ at: claims.at }), 403],
    ['with another claim', till.token({ ...claims, at: { shop: 'south' } }), 403],
    ['without the claim', till.token({ aud: 'shop' }), 403],
    ['with a list where the claim should be', till.token({ ...claims, at: { shop: ['north'] } }), 403],
    ['of another issuer', door.token(claims), 403],
    ['signed by somebody else', stranger.token(claims), 403],
    ['signed by nobody', till.unsigned(claims), 403],
    ['that is none', 'north', 403],
  ])('a token %s', async (_what, token, status) => {
    expect(await tokens.status({ headers: bearer(token) })).toBe(status);
  });

  it('an expired token is accepted within the clock skew of its provider, and not after it', async () => {
    const expired = (seconds: number): string =>
      till.token({ ...claims, exp: Math.floor(Date.now() / 1000) - seconds });
    expect(await tokens.status({ headers: bearer(expired(5)) })).toBe(200);
    expect(await tokens.status({ headers: bearer(expired(30)) })).toBe(403);
  });

  it('no token', async () => expect(await tokens.status()).toBe(403));

  it('is asked only for the requests of a permission, which does not lead on to the next', async () => {
    const part = { Action: 'allow', HTTP: { PathPrefix: '/admin' }, ...asking({ Name: 'door' }) };
    await tokens.intentions({
      Sources: [{ Name: 'web', Permissions: [part, { Action: 'allow', HTTP: { PathPrefix: '/' } }] }],
    });
    await until('passage without a token', async () => (await tokens.status()) === 200);
    expect(await tokens.status({ path: '/admin' })).toBe(403);
    expect(await tokens.status({ path: '/admin', headers: bearer(till.token(claims)) })).toBe(403);
    expect(await tokens.status({ path: '/admin', headers: bearer(door.token()) })).toBe(200);
  });

  it('of two providers at once may come from two places, and of two either will do', async () => {
    const part = { Action: 'allow', HTTP: { PathPrefix: '/' }, ...asking({ Name: 'door' }) };
    await tokens.intentions({ Sources: [{ Name: 'web', Permissions: [part] }], ...asking({ Name: 'till' }) });
    const both = { path: `/?access_token=${door.token()}`, headers: bearer(till.token(claims)) };
    await until('passage with both', async () => (await tokens.status(both)) === 200);
    expect(await tokens.status({ headers: bearer(till.token(claims)) })).toBe(403);
    expect(await tokens.status({ headers: bearer(door.token()) })).toBe(403);

    await tokens.intentions({ Sources: [allow], ...asking({ Name: 'till' }, { Name: 'door' }) });
    await until('passage with one', async () => (await tokens.status({ headers: bearer(door.token()) })) === 200);
    expect(await tokens.status({ headers: bearer(till.token(claims)) })).toBe(200);
    expect(await tokens.status()).toBe(403);
  });

  it('is found where its provider says, and handed on as it says', async () => {
    const Locations = [
      { Header: { Name: 'x-token', ValuePrefix: 'T ', Forward: false } },
      { QueryParam: { Name: 'token' } },
      { Cookie: { Name: 'token' } },
    ];
    await tokens.provider('door', door, { Locations, Forwarding: { HeaderName: 'x-payload' } });
    await tokens.intentions({ Sources: [allow], ...asking({ Name: 'door' }) });
    const token = door.token({ role: 'boss' });
    await until(
      'passage by header',
      async () => (await tokens.status({ headers: { 'x-token': `T ${token}` } })) === 200,
    );
    expect(await tokens.status({ path: `/?token=${token}` })).toBe(200);
    expect(await tokens.status({ headers: { cookie: `token=${token}` } })).toBe(200);
    expect(await tokens.status({ headers: bearer(token) })).toBe(403);

    const { headers } = await tokens.seen({ headers: { 'x-token': `T ${token}`, 'x-payload': 'forged' } });
    expect(JSON.parse(Buffer.from(headers['x-payload'] ?? '', 'base64url').toString())).toMatchObject({ role: 'boss' });
    expect(headers['x-token']).toBeUndefined();
    await tokens.provider('door', door);
  });

  it('cannot be shown to a TCP service: its callers are refused, and the proxy says why', async () => {
    await tokens.intentions({ Sources: [allow], ...asking({ Name: 'till' }) }, 'db');
    await until('the problem', async () => (await tokens.problems('db')).length > 0);
    expect(await tokens.problems('db')).toEqual([
      expect.stringContaining('ask for tokens (till), which only requests'),
    ]);
    expect(await tokens.problems('api')).toEqual([]);
    const answer = httpCall({ port: tokens.mesh.port('web', 'db'), timeoutMs: 5_000 });
    await expect(answer).rejects.toThrow();
  });

  it('makes no Envoy refuse anything', async () => expect(await tokens.refused()).toEqual({}));
});

describe('keys that Envoys fetch', () => {
  let tokens: Tokens;
  const servers: KeyServer[] = [];
  beforeAll(async () => {
    tokens = await Tokens.withProviders('allow');
  });
  afterAll(async () => {
    await tokens?.mesh.close();
    await Promise.all(servers.map((server) => server.close()));
  });

  const ask = async (remote: object): Promise<void> => {
    await tokens.provider('door', door, { JSONWebKeySet: { Remote: { RequestTimeoutMs: 2_000, ...remote } } });
    await tokens.intentions({ Sources: [allow], ...asking({ Name: 'door' }) });
    await until('the first request that is refused', async () => (await tokens.status()) === 403);
  };
  const status = (issuer = door): Promise<number> => tokens.status({ headers: bearer(issuer.token()) });

  it.each([false, true])('verify tokens, fetched before the first one: %s', async (FetchAsynchronously) => {
    const server = await startKeyServer(door.jwks);
    servers.push(server);
    await ask({ URI: `http://127.0.0.1:${server.port}/keys.json`, FetchAsynchronously });
    if (FetchAsynchronously) await until('the first fetch', () => server.asked > 0);
    else expect(server.asked).toBe(0);
    expect(await status()).toBe(200);
    expect(await status(stranger)).toBe(403);
    for (let count = 0; count < 50; count++) expect(await status()).toBe(200);
    // Once for all threads of an Envoy, or once for each of them.
    expect(server.asked).toBeLessThanOrEqual(FetchAsynchronously ? 1 : availableParallelism());
  });

  it('let nobody in while they cannot be fetched', async () => {
    const server = await startKeyServer(door.jwks);
    await server.close();
    await ask({ URI: `http://127.0.0.1:${server.port}/keys.json` });
    expect(await status()).toBe(403);
  });

  it('are taken only from a server that proves to be the one that is named', async () => {
    const { root, certificate } = await privateAuthority();
    const server = await startKeyServer(door.jwks, certificate);
    servers.push(server);
    const trusting = { JWKSCluster: { TLSCertificates: { TrustedCA: { InlineString: root } } } };
    await ask({ URI: `https://localhost:${server.port}/keys.json`, ...trusting });
    expect(await status()).toBe(200);
    await ask({ URI: `https://127.0.0.1:${server.port}/keys.json`, ...trusting });
    expect(await status()).toBe(403);
    const asked = server.asked;
    await ask({ URI: `https://localhost:${server.port}/keys.json` });
    await until('the public roots', async () => (await secretNames()).includes('public-roots'));
    expect(await status()).toBe(403);
    expect(server.asked).toBe(asked);
  });

  it('make no Envoy refuse anything', async () => expect(await tokens.refused()).toEqual({}));

  const secretNames = async (): Promise<string> =>
    tokens.mesh
      .envoy('api')
      .admin('/certs')
      .then(() => tokens.mesh.envoy('api').admin('/config_dump?resource=dynamic_active_secrets&mask=name'));
});

describe('steady load of a caller who is entitled', () => {
  let tokens: Tokens;
  let keys: KeyServer;
  const Locations = [{ Header: { Name: 'x-door' } }];
  beforeAll(async () => {
    keys = await startKeyServer(door.jwks);
    tokens = await Tokens.withProviders('allow');
    await tokens.provider('door', door, { Locations });
  });
  afterAll(async () => {
    await tokens?.mesh.close();
    await keys?.close();
  });

  /** A caller with tokens of both providers; whatever is asked, it is entitled. */
  const load = () =>
    startHttpLoad({
      port: tokens.mesh.port('web', 'api'),
      headers: () => ({ ...bearer(till.token({ aud: 'shop' })), 'x-door': door.token() }),
    });

  const open = { Sources: [allow] };
  const part = { Action: 'allow', HTTP: { PathPrefix: '/' }, ...asking({ Name: 'door' }) };
  const ways = [
    { Sources: [allow], ...asking({ Name: 'till' }) },
    { Sources: [allow], ...asking({ Name: 'door' }) },
    { Sources: [{ Name: 'web', Permissions: [part] }], ...asking({ Name: 'till' }) },
  ];
  const forget = async (): Promise<void> => {
    await tokens.mesh.plane.removeConfig('service-intentions', 'api');
    await tokens.mesh.plane.settled();
  };

  it(`is never refused while tokens are asked for and not asked for, ${ROUNDS} times`, async () => {
    const traffic = load();
    for (let round = 0; round < ROUNDS; round++) {
      await tokens.intentions(ways[round % ways.length] as object);
      expect(await tokens.status()).toBe(403);
      await tokens.intentions(open);
      expect(await tokens.status()).toBe(200);
    }
    const { errors, statuses } = await traffic.stop();
    expect({ errors, statuses: Object.keys(statuses) }).toEqual({ errors: [], statuses: ['200'] });
  });

  it(`is never refused while one provider takes the place of the other, ${2 * ROUNDS} times`, async () => {
    const traffic = load();
    for (let round = 0; round < 2 * ROUNDS; round++) await tokens.intentions(ways[round % 2] as object);
    await tokens.intentions(open);
    const { errors, statuses } = await traffic.stop();
    expect({ errors, statuses: Object.keys(statuses) }).toEqual({ errors: [], statuses: ['200'] });
  });

  it(`is never refused while the entry comes and goes, ${MORE_ROUNDS} times`, async () => {
    const traffic = load();
    for (let round = 0; round < MORE_ROUNDS; round++) {
      await forget();
      await tokens.intentions(ways[round % ways.length] as object);
      expect(await tokens.status()).toBe(403);
    }
    await forget();
    const { errors, statuses } = await traffic.stop();
    expect({ errors, statuses: Object.keys(statuses) }).toEqual({ errors: [], statuses: ['200'] });
  });

  it.each([true, false])(
    `is never refused while the keys have to be fetched, ${MORE_ROUNDS} times, before the first token: %s`,
    async (FetchAsynchronously) => {
      const traffic = load();
      const Remote = { URI: `http://localhost:${keys.port}/keys.json`, FetchAsynchronously };
      await tokens.provider('door', door, { JSONWebKeySet: { Remote }, Locations });
      const asked = keys.asked;
      for (let round = 0; round < MORE_ROUNDS; round++) {
        await tokens.intentions(ways[(round % 2) + 1] as object);
        expect(await tokens.status()).toBe(403);
        await tokens.intentions(open);
        expect(await tokens.status()).toBe(200);
      }
      const { errors, statuses } = await traffic.stop();
      expect({ errors, statuses: Object.keys(statuses) }).toEqual({ errors: [], statuses: ['200'] });
      expect(keys.asked).toBeGreaterThan(asked);
    },
  );

  it('makes no Envoy refuse anything', async () => expect(await tokens.refused()).toEqual({}));
});

describe('an entitled caller on connections that are older than what is asked', () => {
  const good = () => bearer(till.token({ aud: 'shop' }));
  const ask = { Sources: [allow], ...asking({ Name: 'till' }) };
  let tokens: Tokens | undefined;
  afterEach(() => tokens?.mesh.close());

  it.each([NEWEST_ENVOY, OLDEST_ENVOY])('is never refused, Envoy %s', async (envoy) => {
    tokens = await Tokens.withProviders('deny', envoy);
    for (let round = 0; round < MORE_ROUNDS; round++) {
      await tokens.intentions({ Sources: [allow] });
      expect(await tokens.burst({})).toEqual({ 200: BURST });
      const [idle, total] = [await tokens.connections('active'), await tokens.connections('total')];
      expect(idle).toBeGreaterThan(2);
      await tokens.intentions(ask);
      expect(await tokens.burst(good())).toEqual({ 200: BURST });
      expect(await tokens.status()).toBe(403);
      // Most went over these connections, not over new ones.
      expect((await tokens.connections('total')) - total).toBeLessThan(idle);
    }
  });

  it('is never refused when the mesh learns of its first provider and asks for its tokens at once', async () => {
    const drainTimeS = 3;
    tokens = await Tokens.start('allow', { drainTimeS });
    await tokens.open();
    expect(await tokens.burst(good())).toEqual({ 200: BURST });
    await tokens.provider('till', till, { Audiences: ['shop'] });
    const askedAtMs = performance.now();
    await tokens.mesh.plane.configure({ Kind: 'service-intentions', Name: 'api', ...ask });
    await until('a refusal without a token', async () => (await (tokens as Tokens).status()) === 403);
    const tookMs = performance.now() - askedAtMs;
    // All at once: as many connections as before, of which most have been idle since.
    expect(await tokens.burst(good())).toEqual({ 200: BURST });
    expect(tookMs).toBeLessThan((drainTimeS + 2) * 1000);
  });
});

/** An authority of somebody else's, and a certificate of a server called `localhost`. */
async function privateAuthority() {
  const store = createStateStore({ backend: createMemoryBackend(), clock: systemClock });
  await store.ready;
  const ca = createCertificateAuthority(store, systemClock, {
    clusterId: '22222222-2222-3333-4444-555555555555',
    leafTtlMs: 86_400_000,
    rootTtlMs: 864_000_000,
    key: { type: 'ec', bits: 256 },
    datacenter: 'dc1',
  });
  await ca.ready;
  const certificate = ca.issueServer(['localhost']);
  const root = store.view.range('ca-roots', 'all', []).map(({ rootCertPem }) => rootCertPem);
  ca.close();
  await store.close();
  return { root: root.join(''), certificate };
}
