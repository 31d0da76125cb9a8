import { encodeJson, gzipped } from './encoded-json.js';
import type { HttpConfig } from './http-deps.js';
import type { ApiAnswer } from './route.js';

/** Bodies below this are not compressed. */
export const GZIP_MINIMUM_BYTES = 1400;

/** A body as bytes, or as text that has the same length in bytes, which node writes in one piece with the headers. */
export type Body = Buffer | string;

/** An answer as it goes out. */
interface Outgoing {
  readonly answer: ApiAnswer;
  readonly config: HttpConfig;
  /** Of the body; empty = none is told. */
  readonly type: string;
  readonly body: Body;
  readonly isGzip: boolean;
}

/** The headers of every answer, its own and those of the configuration. */
export const commonHeaders = (answer: ApiAnswer, config: HttpConfig): Readonly<Record<string, string>> => ({
  'X-Consul-Default-ACL-Policy': config.defaultAclPolicy,
  ...answer.headers,
  ...config.responseHeaders,
});

/** All headers of an answer as name, value, name, value … (consul-behaviour.md 1.1). */
export function rawHeaders({ answer, config, type, body, isGzip }: Outgoing): string[] {
  const given = answer.headers ?? NO_HEADERS;
  // Those of the configuration may replace any other: rare, and not worth the speed.
  const headers = isEmpty(config.responseHeaders) ? given : { ...given, ...config.responseHeaders };
  const raw: string[] = [];
  if (type !== '' && headers['Content-Type'] === undefined) raw.push('Content-Type', type);
  if (headers[ACL_POLICY] === undefined) raw.push(ACL_POLICY, config.defaultAclPolicy);
  for (const name in headers) if (!isOurs(name, isGzip)) raw.push(name, headers[name] as string);
  if (isGzip) raw.push('Content-Encoding', 'gzip', 'Vary', 'Accept-Encoding');
  raw.push('Content-Length', String(body.length));
  return raw;
}

const ACL_POLICY = 'X-Consul-Default-ACL-Policy';
const NO_HEADERS: Readonly<Record<string, string>> = {};

function isOurs(name: string, isGzip: boolean): boolean {
  return name === 'Content-Length' || (isGzip && (name === 'Content-Encoding' || name === 'Vary'));
}

function isEmpty(headers: Readonly<Record<string, string>>): boolean {
  for (const _name in headers) return false;
  return true;
}

/** The body of an answer before it is compressed, and what type it is. `pretty`: indented, with a newline at the end. */
export function plainBody(
  answer: ApiAnswer,
  devMode: boolean,
  pretty: boolean,
): { readonly type: string; readonly body: Body } {
  if (answer.bytes !== undefined) return { type: 'application/octet-stream', body: answer.bytes };
  if (answer.text !== undefined) return { type: 'text/plain; charset=utf-8', body: Buffer.from(answer.text) };
  const layout = pretty ? 'pretty' : devMode ? 'indented' : 'line';
  if (answer.encoded !== undefined) return { type: 'application/json', body: answer.encoded.body(layout) };
  if (answer.json === undefined) return { type: (answer.status ?? 200) === 200 ? 'application/json' : '', body: '' };
  return { type: 'application/json', body: encodeJson(answer.json, layout) };
}

/** A body compressed; once, where it is of an answer that is kept. */
export function compressed({ encoded }: ApiAnswer, body: Body): Promise<Buffer> {
  if (encoded !== undefined) return encoded.gzipped(body);
  return gzipped(typeof body === 'string' ? Buffer.from(body, 'latin1') : body);
}
