import type { Child } from '../child.js';
import type { BenchAgent } from './agent.js';
import { askDatagram, dnsLoad, dnsQuery } from './dns-load.js';
import { ask, httpLoad, requestBytes } from './http-load.js';
import { type Rate, type Rounds, compareRates } from './rates.js';

const INSTANCES = 20;
const SERVICES = 100;
const READERS = 32;
const WRITERS = 64;
const [TYPE_A, TYPE_SRV] = [1, 33];

interface TrafficOptions {
  readonly rounds: Rounds;
  /** What the name of a request must hold to be measured. */
  readonly requests: string;
  readonly onProgress: (text: string) => void;
}

/** Reads, writes and DNS look-ups of one agent beside the floors of the same bytes. */
export async function measureTraffic(
  agent: BenchAgent,
  floor: Child,
  { rounds, requests, onProgress }: TrafficOptions,
): Promise<Rate[]> {
  await fill(agent);
  const { port: floorPort } = await floor.ask({ op: 'http' });
  const { port: echoPort } = await floor.ask({ op: 'echo' });
  const rates: Rate[] = [];
  const http = async (name: string, connections: number, next: () => Buffer): Promise<void> => {
    if (!name.includes(requests)) return;
    onProgress(name);
    const { status, headers, body } = await ask(agent.http, next());
    await floor.ask({ op: 'answer', status, headers: headers.filter(isOwn), body: body.toString('base64') });
    const load = (port: number) => (durationMs: number) => httpLoad({ port, connections, next, durationMs });
    rates.push(
      await compareRates(
        name,
        body.length,
        { child: agent.child, run: load(agent.http) },
        { child: floor, run: load(floorPort as number) },
        rounds,
      ),
    );
  };
  const dns = async (name: string, packet: Buffer): Promise<void> => {
    if (!name.includes(requests)) return;
    onProgress(name);
    const answer = await askDatagram(agent.dns, packet);
    const load = (port: number) => (durationMs: number) => dnsLoad(port, packet, durationMs);
    rates.push(
      await compareRates(
        name,
        answer.length,
        { child: agent.child, run: load(agent.dns) },
        { child: floor, run: load(echoPort as number) },
        rounds,
      ),
    );
  };
  const get = (path: string): (() => Buffer) => {
    const bytes = requestBytes('GET', path);
    return () => bytes;
  };
  await http(`health of ${INSTANCES} instances`, READERS, get('/v1/health/service/many?passing'));
  await http('health, filtered', READERS, get('/v1/health/service/many?passing&filter=Service.Meta.zone%20==%20a'));
  await http('catalog service', READERS, get('/v1/catalog/service/many'));
  await http(`catalog services (${SERVICES})`, READERS, get('/v1/catalog/services'));
  await http('KV get', READERS, get('/v1/kv/bench/key'));
  await http('KV get, stale, raw', READERS, get('/v1/kv/bench/key?stale&raw'));
  await dns('DNS A of 3', dnsQuery('few.service.consul', TYPE_A));
  await dns(`DNS A of ${INSTANCES}`, dnsQuery('many.service.consul', TYPE_A));
  await dns('DNS SRV of 3', dnsQuery('few.service.consul', TYPE_SRV));
  let written = 0;
  await http('KV put, durable', WRITERS, () => {
    written += 1;
    return requestBytes('PUT', `/v1/kv/writes/${written % 5_000}`, `value ${written}`);
  });
  await http('registration, durable', WRITERS, () => {
    written += 1;
    return requestBytes('PUT', '/v1/catalog/register', registration('writes', written % 2_000, written));
  });
  return rates;
}

/** What node:http adds by itself. */
const isOwn = ([name]: readonly [string, string]): boolean => !/^(date|connection|keep-alive)$/i.test(name);

function registration(service: string, number: number, port: number): string {
  const id = `${service}-${number}`;
  return JSON.stringify({
    Node: `node-${number}`,
    Address: `10.0.${number >> 8}.${number & 255}`,
    Service: { ID: id, Service: service, Port: 8_000 + (port % 50_000), Tags: ['v1', 'primary'], Meta: { zone: 'a' } },
    Check: { CheckID: `service:${id}`, Name: 'alive', ServiceID: id, Status: 'passing', Output: `port ${port}` },
  });
}

async function fill({ http }: BenchAgent): Promise<void> {
  const put = async (path: string, body: string): Promise<void> => {
    const answer = await ask(http, requestBytes('PUT', path, body));
    if (answer.status !== 200) throw new Error(`PUT ${path}: ${answer.status} ${answer.body.toString()}`);
  };
  const register = (name: string, at: number): Promise<void> => put('/v1/catalog/register', registration(name, at, at));
  for (let at = 0; at < INSTANCES; at += 1) await register('many', at);
  for (let at = 0; at < 3; at += 1) await register('few', at);
  for (let at = 0; at < SERVICES; at += 1) await register(`service-${at}`, at % INSTANCES);
  await put('/v1/kv/bench/key', 'a value of some forty bytes, as is usual');
}
