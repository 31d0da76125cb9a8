/** A request that can be answered without node:http. */
export interface PlainRequest {
  readonly method: string;
  /** Path and query, as sent. */
  readonly target: string;
  /** Name in lower case, value, name, value …; no name twice. */
  readonly headers: readonly string[];
  /** Where the body begins, and where the next request does. */
  readonly bodyAt: number;
  readonly endsAt: number;
}

const LONGEST_HEAD_BYTES = 8_192;
const LONGEST_BODY_DIGITS = 7;
const MOST_HEADERS = 32;
const END_OF_LINE = '\r\n';
const END_OF_HEAD = '\r\n\r\n';
/** The families that are asked most; each of their answers is made whole before it is sent. */
const FIRST_LINE = /^(GET|PUT|DELETE) (\/v1\/(?:kv|health|catalog)\/[!"$-~]*) HTTP\/1\.1$/;
const NAME = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
const VALUE = /^[\t\x20-\x7e\x80-\xff]*$/;
const DIGITS = /^\d+$/;
/** Headers that say how the rest of the connection is to be read, or what else is expected than an answer. */
const OF_THE_CONNECTION: ReadonlySet<string> = new Set([
  'transfer-encoding',
  'trailer',
  'te',
  'upgrade',
  'expect',
  'proxy-connection',
]);

/**
 * Reads a request that stands whole at the front of `bytes`, if it is one about which no two readers can be of different opinions
 * (RFC 9112): a family that is asked often, HTTP/1.1, a body with one length or none, no header twice. Undefined for all else, which
 * node:http is to read, and to refuse if it has to. `longestHeadBytes`: 0 = as long as is taken anyway.
 */
export function readPlainRequest(bytes: Buffer, longestHeadBytes = 0): PlainRequest | undefined {
  const headEnd = bytes.indexOf(END_OF_HEAD);
  if (headEnd < 0 || headEnd > LONGEST_HEAD_BYTES || (longestHeadBytes > 0 && headEnd > longestHeadBytes))
    return undefined;
  const head = bytes.toString('latin1', 0, headEnd);
  const lineEnd = head.indexOf(END_OF_LINE);
  const first = lineEnd < 0 ? null : FIRST_LINE.exec(head.slice(0, lineEnd));
  if (first === null) return undefined;
  const [, method = '', target = ''] = first;
  const fields = fieldsOf(head.slice(lineEnd + END_OF_LINE.length));
  if (fields === undefined) return undefined;
  const length = bodyLength(method, fields.toldLength);
  const bodyAt = headEnd + END_OF_HEAD.length;
  if (length === undefined || bytes.length - bodyAt < length) return undefined;
  return { method, target, headers: fields.headers, bodyAt, endsAt: bodyAt + length };
}

/** What stands between the first line and the body. */
interface Fields extends Pick<PlainRequest, 'headers'> {
  readonly toldLength: string | undefined;
}

/** Headers that came of late: most clients send the same with all that they ask. */
const recent = new Map<string, Fields>();
const MOST_KEPT = 500;
const LONGEST_KEPT = 512;

function fieldsOf(text: string): Fields | undefined {
  const known = recent.get(text);
  if (known !== undefined) return known;
  if (text.length > LONGEST_KEPT) return readFields(text);
  // A part of a text keeps the whole: what stays here is a copy.
  const own = Buffer.from(text, 'latin1').toString('latin1');
  const fields = readFields(own);
  if (fields === undefined) return undefined;
  if (recent.size >= MOST_KEPT) recent.clear();
  recent.set(own, fields);
  return fields;
}

function readFields(text: string): Fields | undefined {
  const lines = text.split(END_OF_LINE);
  if (lines.length > MOST_HEADERS) return undefined;
  const headers: string[] = [];
  for (const line of lines) {
    const colon = line.indexOf(':');
    const name = line.slice(0, Math.max(0, colon)).toLowerCase();
    const value = withoutBlanks(line, colon + 1);
    if (!NAME.test(name) || !VALUE.test(value)) return undefined;
    if (OF_THE_CONNECTION.has(name) || headerOf(headers, name) !== undefined) return undefined;
    if (name === 'connection' && value.toLowerCase() !== 'keep-alive') return undefined;
    headers.push(name, value);
  }
  if (headerOf(headers, 'host') === undefined) return undefined;
  return { headers, toldLength: headerOf(headers, 'content-length') };
}

/** The value of a header by its lower-case name. */
export function headerOf(headers: readonly string[], name: string): string | undefined {
  for (let at = 0; at < headers.length; at += 2) if (headers[at] === name) return headers[at + 1];
  return undefined;
}

/** Undefined = it is not for us to say: no number, or a body on a read. */
function bodyLength(method: string, told: string | undefined): number | undefined {
  if (told === undefined) return 0;
  if (!DIGITS.test(told) || told.length > LONGEST_BODY_DIGITS) return undefined;
  const length = Number(told);
  return length > 0 && method !== 'PUT' ? undefined : length;
}

/** A value without the blanks around it; only those that are blanks in HTTP. */
function withoutBlanks(line: string, from: number): string {
  let start = from;
  let end = line.length;
  while (start < end && isBlank(line.charCodeAt(start))) start += 1;
  while (end > start && isBlank(line.charCodeAt(end - 1))) end -= 1;
  return line.slice(start, end);
}

const isBlank = (code: number): boolean => code === 32 || code === 9;
