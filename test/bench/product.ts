import { Agent, request } from 'undici';
import { type ChangeKind, ENDPOINTS, UPSTREAMS } from './change-kinds.js';
import { Child, here, measured } from './child.js';
import { freePort } from '../support/free-ports.mjs';
import type { Target } from './target.js';

/** The real program: `agent -dev` in a child process, everything registered and changed through its HTTP API. */

const MAIN = here('../../dist/main.js');
const IN_FLIGHT = 16;
const READY_MS = 20_000;

class HttpApi {
  readonly #base: string;
  readonly #agent = new Agent({ connections: IN_FLIGHT, pipelining: 1 });

  constructor(port: number) {
    this.#base = `http://127.0.0.1:${port}`;
  }

  async put(path: string, body: unknown): Promise<void> {
    const response = await request(this.#base + path, {
      method: 'PUT',
      body: JSON.stringify(body),
      dispatcher: this.#agent,
    });
    const text = await response.body.text();
    if (response.statusCode !== 200) throw new Error(`PUT ${path}: ${response.statusCode} ${text}`);
  }

  async isUp(): Promise<boolean> {
    try {
      const response = await request(`${this.#base}/v1/health/service/consul`, { dispatcher: this.#agent });
      await response.body.dump();
      return response.statusCode === 200;
    } catch {
      return false;
    }
  }

  async all(tasks: readonly (() => Promise<void>)[]): Promise<void> {
    let next = 0;
    const worker = async () => {
      for (let task = tasks[next++]; task; task = tasks[next++]) await task();
    };
    await Promise.all(Array.from({ length: IN_FLIGHT }, worker));
  }

  close(): Promise<void> {
    return this.#agent.close();
  }
}

const upstreamNames = Array.from({ length: UPSTREAMS }, (_, number) => `upstream-${number}`);
const HOT = 'upstream-0';

interface Instance {
  readonly node: string;
  readonly address: string;
  readonly id: string;
  readonly destination: string;
  readonly port: number;
  readonly meta?: Readonly<Record<string, string>>;
  readonly upstreams?: readonly object[];
}

function registration({ node, address, id, destination, port, meta = {}, upstreams = [] }: Instance): object {
  return {
    Node: node,
    Address: address,
    Service: {
      Kind: 'connect-proxy',
      ID: id,
      Service: `${destination}-sidecar-proxy`,
      Port: port,
      Meta: meta,
      Proxy: {
        DestinationServiceName: destination,
        DestinationServiceID: id.replace(/-sidecar-proxy$/, ''),
        Upstreams: upstreams,
      },
    },
  };
}

const addressOf = (number: number): string => `10.${(number >> 16) & 255}.${(number >> 8) & 255}.${number & 255}`;

function upstreamInstance(name: string, number: number, port: number): Instance {
  const version = name === HOT && number >= ENDPOINTS ? 'v2' : 'v1';
  return {
    node: `${name}-node-${number}`,
    address: addressOf(0xc0_00_00 + upstreamNames.indexOf(name) * 256 + number),
    id: `${name}-${number}-sidecar-proxy`,
    destination: name,
    port,
    meta: { version },
  };
}

function proxyInstance(id: string, number: number): Instance {
  const upstreams = upstreamNames.map((name, position) => ({ DestinationName: name, LocalBindPort: 9_000 + position }));
  return {
    node: `web-node-${number}`,
    address: addressOf(0x80_00_00 + number),
    id,
    destination: 'web',
    port: 20_000,
    upstreams,
  };
}

export interface ProductOptions {
  /** Arguments of the agent in the place of `-dev`. */
  readonly args?: readonly string[];
  /** False where another server on the same state has registered everything. */
  readonly fill?: boolean;
}

/** Starts the built program with N sidecars of `web`, each with the same upstreams. */
export async function startProduct(
  ids: readonly string[],
  { args: own = ['-dev'], fill = true }: ProductOptions = {},
): Promise<Target & { readonly http: number }> {
  const [http, grpc] = [await freePort(), await freePort()];
  const args = [
    'agent',
    ...own,
    `-http-port=${http}`,
    `-grpc-port=${grpc}`,
    '-grpc-tls-port=-1',
    '-dns-port=-1',
    '-log-level=warn',
    `-node=bench-${http}`,
  ];
  const child = new Child(MAIN, {
    args,
    execArgv: [...measured, ...(process.env.BENCH_NODE_ARGS ?? '').split(' ').filter(Boolean)],
  });
  const api = new HttpApi(http);
  try {
    for (const started = Date.now(); !(await api.isUp()); await new Promise((resolve) => setTimeout(resolve, 20))) {
      if (Date.now() - started > READY_MS || child.process.exitCode !== null)
        throw new Error(`the agent does not come up:\n${child.output}`);
    }
    if (fill) await setUp(api, ids);
  } catch (thrown) {
    await child.stop();
    throw thrown;
  }
  return {
    child,
    port: grpc,
    http,
    nodeNames: ids.map((_, number) => `web-node-${number}`),
    change: async (kind, round) => {
      const from = process.hrtime.bigint();
      await change(api, kind, round);
      return from;
    },
    stop: async () => {
      await child.stop();
      await api.close();
    },
  };
}

async function setUp(api: HttpApi, ids: readonly string[]): Promise<void> {
  for (const name of ['web', HOT])
    await api.put('/v1/config', { Kind: 'service-defaults', Name: name, Protocol: 'http' });
  const subset = (version: string) => ({ Filter: `Service.Meta.version == ${version}` });
  await api.put('/v1/config', {
    Kind: 'service-resolver',
    Name: HOT,
    DefaultSubset: 'v1',
    Subsets: { v1: subset('v1'), v2: subset('v2') },
  });
  await change(api, 'split', 0);
  await change(api, 'intention', 0);
  const instances = upstreamNames.flatMap((name) =>
    Array.from({ length: name === HOT ? ENDPOINTS + 2 : 3 }, (_, number) => upstreamInstance(name, number, 21_000)),
  );
  const proxies = ids.map(proxyInstance);
  await api.all(
    [...instances, ...proxies].map((instance) => () => api.put('/v1/catalog/register', registration(instance))),
  );
}

function change(api: HttpApi, kind: ChangeKind, round: number): Promise<void> {
  if (kind === 'endpoint')
    return api.put('/v1/catalog/register', registration(upstreamInstance(HOT, 0, 22_000 + (round % 1_000))));
  if (kind === 'intention' || kind === 'wildcard') {
    // Under the default policy, allow, only a denial changes what a proxy is told.
    const Sources = [{ Name: `client-${round}`, Action: 'deny' }];
    return api.put('/v1/config', { Kind: 'service-intentions', Name: kind === 'wildcard' ? '*' : 'web', Sources });
  }
  const weight = 10 + (round % 80);
  const splits = [
    { Weight: weight, ServiceSubset: 'v1' },
    { Weight: 100 - weight, ServiceSubset: 'v2' },
  ];
  return api.put('/v1/config', { Kind: 'service-splitter', Name: HOT, Splits: splits });
}
