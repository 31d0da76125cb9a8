import { encodeJson, gzipped } from './encoded-json.js';
import type { HttpConfig } from './http-deps.js';
import type { ApiAnswer } from './route.js';

const GZIP_MINIMUM_BYTES = 1400;
const NOTHING = Buffer.alloc(0);

/** An answer as it goes out. */
export interface WireAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

/** How the client wants its answer. */
export interface AnswerWishes {
  /** `?pretty` was given: indented, with a newline at the end. */
  readonly pretty: boolean;
  readonly acceptsGzip: boolean;
}

/** Adds what every answer has, writes JSON, compresses what is worth it (consul-behaviour.md 1.1). */
export function toWire(answer: ApiAnswer, config: HttpConfig, wishes: AnswerWishes): WireAnswer | Promise<WireAnswer> {
  const status = answer.status ?? 200;
  const plain = bodyOf(answer, config.devMode, wishes.pretty);
  const headers: Record<string, string> = {
    ...(plain.type === '' ? {} : { 'Content-Type': plain.type }),
    ...commonHeaders(answer, config),
  };
  if (!wishes.acceptsGzip || plain.body.length < GZIP_MINIMUM_BYTES) return { status, headers, body: plain.body };
  const compressed = answer.encoded?.gzipped(plain.body) ?? gzipped(plain.body);
  return compressed.then((body) => ({
    status,
    headers: { ...headers, 'Content-Encoding': 'gzip', Vary: 'Accept-Encoding' },
    body,
  }));
}

/** The headers of every answer, its own and those of the configuration. */
export const commonHeaders = (answer: ApiAnswer, config: HttpConfig): Readonly<Record<string, string>> => ({
  'X-Consul-Default-ACL-Policy': config.defaultAclPolicy,
  ...answer.headers,
  ...config.responseHeaders,
});

function bodyOf(
  answer: ApiAnswer,
  devMode: boolean,
  pretty: boolean,
): { readonly type: string; readonly body: Buffer } {
  if (answer.bytes !== undefined) return { type: 'application/octet-stream', body: answer.bytes };
  if (answer.text !== undefined) return { type: 'text/plain; charset=utf-8', body: Buffer.from(answer.text) };
  const layout = pretty ? 'pretty' : devMode ? 'indented' : 'line';
  if (answer.encoded !== undefined) return { type: 'application/json', body: answer.encoded.bytes(layout) };
  if (answer.json === undefined)
    return { type: (answer.status ?? 200) === 200 ? 'application/json' : '', body: NOTHING };
  return { type: 'application/json', body: encodeJson(answer.json, layout) };
}
