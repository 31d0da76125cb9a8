import type { Readable } from 'node:stream';
import type { OutgoingHttpHeaders, RequestOptions } from 'node:http';
import { parseJson } from '../json.js';
import { type AgentAddress, describeAddress } from './agent-address.js';
import { AgentError } from './agent-error.js';

/** How to reach and address an agent. */
export interface AgentSettings {
  readonly address: AgentAddress;
  readonly token: string;
  readonly basicAuth: string;
  readonly datacenter: string;
  readonly namespace: string;
  readonly partition: string;
  readonly stale: boolean;
  readonly tls: {
    readonly ca?: readonly string[];
    readonly cert?: string;
    readonly key?: string;
    readonly serverName?: string;
    readonly verify: boolean;
  };
}

export type Query = Readonly<Record<string, string | readonly string[] | bigint | number | true | undefined>>;

export interface AgentRequest {
  readonly method?: 'GET' | 'PUT' | 'POST' | 'DELETE';
  /** Path with its segments already escaped, e.g. `/v1/kv/a%20b`. */
  readonly path: string;
  readonly query?: Query;
  /** A stream is sent as it is read. */
  readonly body?: string | Buffer | Readable;
  /** How long to wait for the whole answer. Default: as long as the agent takes. */
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
}

export interface AgentAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  readonly body: Buffer;
}

/** An answer whose body is still to come. */
export interface OpenAnswer {
  readonly status: number;
  readonly headers: AgentAnswer['headers'];
  /** The body as it comes, once. `AgentError` with status 0 when it breaks off; who stops reading closes the connection. */
  readonly body: AsyncIterable<Buffer>;
  /** Reads the body to its end. */
  whole(): Promise<Buffer>;
}

export interface AgentClient {
  readonly settings: AgentSettings;
  /** Any answer, as soon as its head is there; the body must be read. `AgentError` with status 0 when there is none. */
  open(request: AgentRequest): Promise<OpenAnswer>;
  /** Any answer, whatever its status. `AgentError` with status 0 when there is none. */
  request(request: AgentRequest): Promise<AgentAnswer>;
  /** The parsed JSON of a 2xx answer to GET. `AgentError` otherwise. */
  get(path: string, query?: Query): Promise<unknown>;
  /** The text of a 2xx answer to GET as it comes, to its end. `AgentError` otherwise. */
  follow(request: AgentRequest, onText: (text: string) => void): Promise<void>;
  /** The text of a 2xx answer to PUT. `AgentError` otherwise. */
  put(path: string, body?: unknown, query?: Query): Promise<string>;
  /** The text of a 2xx answer to DELETE. `AgentError` otherwise. */
  delete(path: string, query?: Query): Promise<string>;
}

/** Escapes one path segment. */
export const segment = (text: string): string => encodeURIComponent(text);

/** A client for one agent. Opens a connection per request and keeps none. */
export function createAgentClient(settings: AgentSettings): AgentClient {
  const request = (wanted: AgentRequest) => send(settings, wanted);
  const successful = async (wanted: AgentRequest): Promise<Buffer> => {
    const answer = await request(wanted);
    if (answer.status < 200 || answer.status > 299) throw AgentError.fromAnswer(answer.status, answer.body.toString());
    return answer.body;
  };
  return {
    settings,
    open: (wanted) => open(settings, wanted),
    request,
    get: async (path, query) => {
      const text = (await successful({ path, ...(query ? { query } : {}) })).toString();
      try {
        return text.trim() === '' ? undefined : parseJson(text);
      } catch {
        throw new AgentError(
          0,
          `${describeAddress(settings.address)} answered ${path} with something that is not JSON: is it an agent?`,
        );
      }
    },
    follow: (wanted, onText) => follow(settings, wanted, onText),
    put: async (path, body, query) =>
      (
        await successful({
          method: 'PUT',
          path,
          ...(query ? { query } : {}),
          ...(body === undefined
            ? {}
            : { body: typeof body === 'string' || Buffer.isBuffer(body) ? body : JSON.stringify(body) }),
        })
      ).toString(),
    delete: async (path, query) =>
      (await successful({ method: 'DELETE', path, ...(query ? { query } : {}) })).toString(),
  };
}

async function send(settings: AgentSettings, wanted: AgentRequest): Promise<AgentAnswer> {
  const answer = await open(settings, wanted);
  return { status: answer.status, headers: answer.headers, body: await answer.whole() };
}

async function follow(settings: AgentSettings, wanted: AgentRequest, onText: (text: string) => void): Promise<void> {
  const answer = await open(settings, wanted);
  if (answer.status !== 200) throw AgentError.fromAnswer(answer.status, (await answer.whole()).toString());
  const decoder = new TextDecoder();
  for await (const chunk of answer.body) onText(decoder.decode(chunk, { stream: true }));
}

/** The answer of an agent, its body still to be read. */
async function open(settings: AgentSettings, wanted: AgentRequest): Promise<OpenAnswer> {
  const { address } = settings;
  const secure = address.type === 'tcp' && address.secure;
  const { request } = secure ? await import('node:https') : await import('node:http');
  const options: RequestOptions = {
    method: wanted.method ?? 'GET',
    path: `${address.type === 'tcp' ? address.basePath : ''}${wanted.path}${queryText(settings, wanted.query)}`,
    headers: headers(settings, wanted.body),
    agent: false,
    ...(address.type === 'tcp' ? { host: address.host, port: address.port } : { socketPath: address.path }),
    ...(secure ? tlsOptions(settings) : {}),
    ...(wanted.signal === undefined ? {} : { signal: wanted.signal }),
  };
  let isLate = false;
  const failed = (error: NodeJS.ErrnoException): AgentError =>
    new AgentError(0, unreachable(settings, isLate ? LATE : error));
  return new Promise((resolve, reject) => {
    const call = request(options, (answer) => {
      async function* chunks(): AsyncGenerator<Buffer> {
        try {
          for await (const chunk of answer) yield chunk as Buffer;
        } catch (thrown) {
          throw failed(thrown as NodeJS.ErrnoException);
        }
      }
      const body = chunks();
      const whole = async (): Promise<Buffer> => {
        const pieces: Buffer[] = [];
        for await (const piece of body) pieces.push(piece);
        return Buffer.concat(pieces);
      };
      resolve({ status: answer.statusCode ?? 0, headers: answer.headers, body, whole });
    });
    call.on('error', (error) => reject(failed(error)));
    // A timer of its own: signals made of others (`AbortSignal.any`, `.timeout`) can be collected before they fire in Node 20.
    if (wanted.timeoutMs !== undefined) {
      const timer = setTimeout(() => {
        isLate = true;
        call.destroy(LATE);
      }, wanted.timeoutMs);
      call.once('close', () => clearTimeout(timer));
    }
    const { body } = wanted;
    if (body === undefined || typeof body === 'string' || Buffer.isBuffer(body)) call.end(body);
    else body.on('error', (error) => call.destroy(error)).pipe(call);
  });
}

/** What ends a call whose answer takes too long. */
const LATE = Object.assign(new Error('no answer in time'), { name: 'TimeoutError' });

function queryText(settings: AgentSettings, query: Query = {}): string {
  const pairs: string[] = [];
  const add = (name: string, value: string) => pairs.push(value === '' ? name : `${name}=${encodeURIComponent(value)}`);
  if (settings.datacenter !== '') add('dc', settings.datacenter);
  if (settings.namespace !== '') add('ns', settings.namespace);
  if (settings.partition !== '') add('partition', settings.partition);
  if (settings.stale) add('stale', '');
  for (const [name, value] of Object.entries(query)) {
    if (value === true) add(name, '');
    else if (Array.isArray(value)) for (const one of value) pairs.push(`${name}=${encodeURIComponent(String(one))}`);
    else if (value !== undefined) pairs.push(`${name}=${encodeURIComponent(String(value))}`);
  }
  return pairs.length === 0 ? '' : `?${pairs.join('&')}`;
}

function headers(settings: AgentSettings, body: AgentRequest['body']): OutgoingHttpHeaders {
  return {
    accept: 'application/json',
    ...bodyHeaders(body),
    ...(settings.token === '' ? {} : { 'x-consul-token': settings.token }),
    ...(settings.basicAuth === ''
      ? {}
      : { authorization: `Basic ${Buffer.from(settings.basicAuth).toString('base64')}` }),
  };
}

function bodyHeaders(body: AgentRequest['body']): OutgoingHttpHeaders {
  if (body === undefined) return {};
  if (typeof body === 'string' || Buffer.isBuffer(body))
    return { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) };
  return { 'content-type': 'application/octet-stream' };
}

function tlsOptions({ tls }: AgentSettings): object {
  return {
    rejectUnauthorized: tls.verify,
    ...(tls.ca === undefined ? {} : { ca: tls.ca }),
    ...(tls.cert === undefined ? {} : { cert: tls.cert }),
    ...(tls.key === undefined ? {} : { key: tls.key }),
    ...(tls.serverName === undefined ? {} : { servername: tls.serverName }),
  };
}

function unreachable(settings: AgentSettings, error: NodeJS.ErrnoException): string {
  const at = describeAddress(settings.address);
  const reasons: Readonly<Record<string, string>> = {
    ECONNREFUSED:
      'connection refused: is it running there? Start one with `meshwright agent -dev`, or name another with -http-addr or CONSUL_HTTP_ADDR',
    ENOENT: 'there is no such socket: is it running there? Name another with -http-addr or CONSUL_HTTP_ADDR',
    ENOTFOUND: 'no such host: correct -http-addr or CONSUL_HTTP_ADDR',
    EAI_AGAIN: 'the name cannot be resolved: correct -http-addr or CONSUL_HTTP_ADDR',
    ECONNRESET:
      'it closed the connection: does that port speak HTTPS? Then write https:// in -http-addr or set CONSUL_HTTP_SSL=true',
    EPROTO: 'it does not speak TLS there: write http:// in -http-addr, or give the HTTPS port',
    ABORT_ERR: 'no answer in time',
  };
  const why =
    reasons[error.code ?? ''] ?? (error.name === 'TimeoutError' ? 'no answer in time' : error.message || error.code);
  return `cannot reach the agent at ${at}: ${why}`;
}
