import type { IncomingHttpHeaders } from 'node:http';
import { PassThrough, type Readable } from 'node:stream';
import type { LinkRequest, LinkResponse } from '../../cluster/index.js';
import { AppError, type Clock } from '../../core/index.js';
import { type AgentRequest, type ApiAnswer, type Relay, tokenOf } from '../../edges/http/index.js';
import { AgentCache, type CachedAnswer } from './agent-cache.js';
import { type KeptAnswer, KeptAnswers } from './kept-answers.js';
import { acceptsGzip, cacheControlOf, type ReadRequest, readRequestOf, servesOldAnswers } from './read-request.js';
import type { ServerAccess } from './server-access.js';

const KEPT_BYTES = 64 * 1_048_576;
/** Longer answers go through as they come, and are not kept. */
const LARGEST_KEPT_BYTES = 8 * 1_048_576;
/** Bodies up to this are read first, so that they can be sent again when no server was there. */
const SMALL_BODY_BYTES = 524_288;
/** Reads that do not wait, but are asked for again when the servers are away. */
const KEPT_PATHS: ReadonlySet<string> = new Set(['/v1/agent/members', '/v1/catalog/datacenters']);

/** Of one connection only, or said anew by whoever sends the message on. */
const NOT_PASSED_ON: ReadonlySet<string> = new Set([
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'expect',
  'host',
]);
/** What says how fresh an answer is: said anew when a kept one is given. */
const FRESHNESS: ReadonlySet<string> = new Set([
  'x-consul-knownleader',
  'x-consul-lastcontact',
  'x-consul-effective-consistency',
  'x-cache',
  'age',
  'date',
]);

export interface RelayOptions {
  readonly servers: ServerAccess;
  readonly clock: Clock;
  /** The agent's own token, for requests without one; empty = none. */
  readonly ownToken: () => string;
}

/** Answers requests through the servers (docs/client-agents.md); `close` ends the queries that keep cached answers fresh. */
export function createRelay(options: RelayOptions): { readonly relay: Relay; close(): void } {
  const { servers, clock, ownToken } = options;
  const kept = new KeptAnswers(KEPT_BYTES);
  const cache = new AgentCache({
    clock,
    fetch: async (target, token, signal) => {
      const headers = token === '' ? {} : { 'x-consul-token': token };
      return wholeAnswer(
        await servers.request({ method: 'GET', path: target, headers, signal }, { holds: false }),
        clock,
      );
    },
  });

  /** Sends a request on as it is. */
  const pass = async (request: AgentRequest): Promise<ApiAnswer> => {
    const response = await servers.request(
      { ...(await linkRequestOf(request, ownToken())), signal: request.signal },
      { holds: true },
    );
    return made(request, response.status, passedOn(response.rawHeaders), response.body);
  };

  const read = async (request: AgentRequest): Promise<ApiAnswer> => {
    const token = tokenOf(request, ownToken());
    const asked = readRequestOf(request, token, request.config.useCache);
    if (asked.cached && request.route.blocking) return readCached(request, asked, token);
    const link = { ...(await linkRequestOf(request, ownToken())), signal: request.signal };
    for (let attempt = 1; ; attempt++) {
      let isAnswered = false;
      try {
        const response = await servers.request(link, { holds: asked.mode !== 'stale' });
        isAnswered = true;
        return await throughKept(request, asked.key, response);
      } catch (thrown) {
        const error = AppError.from(thrown);
        if (error.code !== 'unavailable' || request.signal.aborted) throw error;
        // An answer that broke off is asked for once more: reading changes nothing.
        if (!isAnswered || attempt > 1) return readKept(request, asked, error);
      }
    }
  };

  /** Keeps an answer on its way to the client, when it is not too long and one that can be given again. */
  const throughKept = async (request: AgentRequest, key: string, response: LinkResponse): Promise<ApiAnswer> => {
    const headers = passedOn(response.rawHeaders);
    const body = await collect(response.body);
    if (!Buffer.isBuffer(body)) return made(request, response.status, headers, body);
    if (response.status === 200 || response.status === 404)
      kept.put(key, keptAnswer(response.status, headers, body, clock.now()));
    return made(request, response.status, headers, body);
  };

  const readCached = async (request: AgentRequest, asked: ReadRequest, token: string): Promise<ApiAnswer> => {
    const { maxAgeMs, staleIfErrorMs } = cacheControlOf(request.header('cache-control'));
    try {
      const { answer, isHit, ageMs } = await cache.read(asked, token, maxAgeMs, request.signal);
      return fromCache(request, { answer, isHit, ageMs });
    } catch (thrown) {
      const error = AppError.from(thrown);
      if (error.code !== 'unavailable' || request.signal.aborted) throw error;
      const known = kept.get(asked.key);
      if (known === undefined || clock.now() - known.atMs > staleIfErrorMs) throw error;
      return old(request, known, clock.now());
    }
  };

  /** The last answer, while no server is there: at once, or for one that waits for a change, when its time is over. */
  const readKept = async (request: AgentRequest, asked: ReadRequest, error: AppError): Promise<ApiAnswer> => {
    const known = kept.get(asked.key);
    const isWelcome = asked.mode === 'stale' || (asked.mode === 'default' && servesOldAnswers(request.path));
    if (known === undefined || !isWelcome || clock.now() - known.atMs > asked.maxStaleMs) throw error;
    if (asked.index > 0 && known.index <= asked.index) {
      await servers.untilReachable(request.signal, asked.waitMs);
      if (request.signal.aborted) throw new AppError('cancelled', 'the client went away');
      if (servers.isReachable) return read(request);
    }
    return old(request, known, clock.now());
  };

  return {
    relay: (request) =>
      request.method === 'GET' && (request.route.blocking || KEPT_PATHS.has(request.path))
        ? read(request)
        : pass(request),
    close: () => cache.close(),
  };
}

/** The request as it goes to a server: its headers, the agent's token where it has none, and who asked. */
async function linkRequestOf(request: AgentRequest, ownToken: string): Promise<LinkRequest> {
  const given = request.headers();
  const headers: Record<string, string | readonly string[]> = {};
  const dropped = new Set(
    String(given.connection ?? '')
      .split(',')
      .map((name) => name.trim().toLowerCase()),
  );
  for (const [name, value] of Object.entries(given))
    if (value !== undefined && !NOT_PASSED_ON.has(name) && !dropped.has(name)) headers[name] = value;
  if (ownToken !== '' && tokenOf(request, '') === '') headers['x-consul-token'] = ownToken;
  headers['x-forwarded-for'] = [request.header('x-forwarded-for'), request.remoteAddress].filter(Boolean).join(', ');
  const encoding = acceptsGzip(request) ? 'gzip' : undefined;
  if (encoding === undefined) delete headers['accept-encoding'];
  else headers['accept-encoding'] = encoding;
  const body = await bodyOf(request, given);
  return { method: request.method, path: targetOf(request), headers, ...(body === undefined ? {} : { body }) };
}

async function bodyOf(request: AgentRequest, headers: IncomingHttpHeaders): Promise<Uint8Array | Readable | undefined> {
  const announced = Number(headers['content-length'] ?? Number.NaN);
  if (announced === 0 || (Number.isNaN(announced) && headers['transfer-encoding'] === undefined)) return undefined;
  return announced <= SMALL_BODY_BYTES ? request.body(SMALL_BODY_BYTES) : request.stream();
}

/** `discovery_max_stale` is the agent's: it says so to the server. `cached` is answered here. */
function targetOf({ target, query, config, path }: AgentRequest): string {
  const isStale =
    config.discoveryMaxStaleMs > 0 &&
    /^\/v1\/(?:catalog|health)\//.test(path) &&
    !['stale', 'consistent', 'leader', 'max_stale'].some((name) => query.has(name));
  const uncached = query.has('cached') ? target.replace(/([?&])cached(?:=[^&]*)?(?=&|$)/g, '$1') : target;
  return isStale ? `${uncached}${uncached.includes('?') ? '&' : '?'}stale` : uncached;
}

/** Without the headers of the connection to the server. */
function passedOn(rawHeaders: readonly string[]): readonly string[] {
  const headers: string[] = [];
  for (let at = 0; at + 1 < rawHeaders.length; at += 2) {
    const [name = '', value = ''] = rawHeaders.slice(at, at + 2);
    if (!NOT_PASSED_ON.has(name.toLowerCase())) headers.push(name, value);
  }
  return headers;
}

function headerOf(rawHeaders: readonly string[], wanted: string): string | undefined {
  for (let at = 0; at + 1 < rawHeaders.length; at += 2)
    if (rawHeaders[at]?.toLowerCase() === wanted) return rawHeaders[at + 1];
  return undefined;
}

/** With the headers that this agent's configuration adds to every answer. */
function made(
  { config }: AgentRequest,
  status: number,
  rawHeaders: readonly string[],
  body: Buffer | Readable,
): ApiAnswer {
  return { status, made: { rawHeaders: [...rawHeaders, ...Object.entries(config.responseHeaders).flat()], body } };
}

/** A body read to its end, or a stream of it when it is too long to be kept. AppError('unavailable') when it breaks off. */
async function collect(body: Readable): Promise<Buffer | Readable> {
  const chunks: Buffer[] = [];
  let size = 0;
  try {
    for await (const chunk of body.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
      chunks.push(chunk);
      size += chunk.length;
      if (size > LARGEST_KEPT_BYTES) return rest(chunks, body);
    }
  } catch (thrown) {
    if (thrown instanceof AppError) throw thrown;
    throw new AppError('unavailable', 'the answer of a server broke off', { cause: thrown });
  }
  return Buffer.concat(chunks, size);
}

function rest(chunks: readonly Buffer[], body: Readable): Readable {
  const whole = new PassThrough();
  for (const chunk of chunks) whole.write(chunk);
  body.on('error', (error) => whole.destroy(error));
  whole.on('close', () => body.destroy());
  return body.pipe(whole);
}

async function wholeAnswer(response: LinkResponse, clock: Clock): Promise<KeptAnswer> {
  const body = await collect(response.body);
  if (!Buffer.isBuffer(body)) {
    body.destroy();
    throw new AppError('tooLarge', 'the answer is too long to be cached; ask without ?cached');
  }
  return keptAnswer(response.status, passedOn(response.rawHeaders), body, clock.now());
}

function keptAnswer(status: number, rawHeaders: readonly string[], body: Buffer, atMs: number): KeptAnswer {
  const lasting: string[] = [];
  for (let at = 0; at + 1 < rawHeaders.length; at += 2) {
    const [name = '', value = ''] = rawHeaders.slice(at, at + 2);
    if (!FRESHNESS.has(name.toLowerCase())) lasting.push(name, value);
  }
  return { status, rawHeaders: lasting, body, index: Number(headerOf(rawHeaders, 'x-consul-index') ?? 0), atMs };
}

/** A kept answer, which says how old it is. */
function old(request: AgentRequest, answer: KeptAnswer, nowMs: number): ApiAnswer {
  const ageMs = Math.max(0, nowMs - answer.atMs);
  const freshness = {
    'X-Consul-KnownLeader': 'false',
    'X-Consul-LastContact': String(Math.round(ageMs)),
    'X-Consul-Effective-Consistency': 'stale',
    'X-Cache': 'HIT',
    Age: String(Math.floor(ageMs / 1_000)),
  };
  return made(request, answer.status, [...answer.rawHeaders, ...Object.entries(freshness).flat()], answer.body);
}

function fromCache(request: AgentRequest, { answer, isHit, ageMs }: CachedAnswer): ApiAnswer {
  const freshness = {
    'X-Consul-KnownLeader': ageMs === 0 ? 'true' : 'false',
    'X-Consul-LastContact': String(Math.round(ageMs)),
    'X-Consul-Effective-Consistency': 'leader',
    ...(isHit ? { 'X-Cache': 'HIT', Age: String(Math.floor(ageMs / 1_000)) } : { 'X-Cache': 'MISS' }),
  };
  return made(request, answer.status, [...answer.rawHeaders, ...Object.entries(freshness).flat()], answer.body);
}
