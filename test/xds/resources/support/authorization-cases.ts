import fc from 'fast-check';
import type { AuthorizedRequest } from '../../../../src/mesh/intentions/index.js';
import type { IntentionHeaderPermission, IntentionPermission } from '../../../../src/model/index.js';
import type { SeenRequest } from './envoy-rbac.js';
import { type Rule, header, permission } from './intentions.js';

/** A request on the wire. Texts are bytes, one per character. */
export interface SentRequest {
  readonly caller: string;
  readonly method: string;
  /** What stands in the request line. */
  readonly target: string;
  readonly host: string;
  readonly headers: readonly (readonly [name: string, value: string])[];
}

/** Callers that intentions name, and two whom none names, one of them nearly. */
export const CALLERS = ['web', 'cron', 'a.b', 'axb', 'other'] as const;

const SOURCES = ['web', 'cron', 'a.b', '*'];
const PATHS = ['/', '/admin', '/admin/x', '/shop/', '/Admin', '/a.b'];
const HOSTS = ['shop.example', 'admin.example'];
const VALUES = ['a', 'A', 'ab', 'b', '\u00e9'];
const HEADERS = ['x-a', 'X-B', 'User-Agent', 'x_a'];
/** A header of its own, for values that are too long to put patterns to. */
const LONG_HEADER = 'x-long';

const bytesOf = (text: string): string => Buffer.from(text, 'utf8').toString('latin1');

const matchOf = (kinds: readonly string[], values: readonly string[]) =>
  fc
    .record({
      kind: fc.constantFrom(...kinds),
      value: fc.constantFrom(...values),
      invert: fc.boolean(),
      ignoreCase: fc.boolean(),
    })
    .map(({ kind, value, invert, ignoreCase }): Partial<IntentionHeaderPermission> => {
      if (kind === 'present') return { present: true, invert };
      if (kind === 'regex') return { regex: `${value.replace('.', '\\.')}.*`, invert };
      return { [kind]: value, invert, ignoreCase };
    });

const EVERY_KIND = ['present', 'exact', 'prefix', 'suffix', 'contains', 'regex'];
const anyHeaderMatch: fc.Arbitrary<IntentionHeaderPermission> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc
      .tuple(fc.constantFrom(...HEADERS), matchOf(EVERY_KIND, VALUES))
      .map(([name, match]) => header(name, match)),
  },
  {
    weight: 2,
    arbitrary: fc
      .tuple(fc.constantFrom('host', 'Host', ':authority'), matchOf(EVERY_KIND, HOSTS))
      .map(([name, match]) => header(name, match)),
  },
  {
    weight: 1,
    arbitrary: matchOf(['present', 'exact', 'prefix', 'suffix', 'contains'], VALUES).map((match) =>
      header(LONG_HEADER, match),
    ),
  },
);

const anyPath = fc.constantFrom(
  {},
  ...PATHS.flatMap((path) => [
    { pathExact: path },
    { pathPrefix: path },
    { pathRegex: `${path.replace('.', '\\.')}.?` },
    { pathRegex: `(?i)${path}(/.*)?` },
  ]),
);

export const anyPermission: fc.Arbitrary<IntentionPermission> = fc
  .record({
    action: fc.constantFrom('allow' as const, 'deny' as const),
    path: anyPath,
    header: fc.oneof(fc.constant([]), fc.array(anyHeaderMatch, { maxLength: 2 })),
    methods: fc.oneof(fc.constant([]), fc.subarray(['GET', 'POST', 'HEAD', 'PUT'])),
  })
  .map(({ action, path, ...rest }) => permission(action, { ...path, ...rest }));

/** Intentions for the destination `front` and for all. */
export const anyRules: fc.Arbitrary<readonly Rule[]> = fc.uniqueArray(
  fc
    .record({
      name: fc.constantFrom(...SOURCES),
      destination: fc.constantFrom('front', 'front', '*'),
      action: fc.constantFrom('allow' as const, 'deny' as const),
      permissions: fc.oneof(fc.constant([]), fc.array(anyPermission, { minLength: 1, maxLength: 4 })),
    })
    // Of all destinations only connections are spoken of.
    .map((rule): Rule => (rule.destination === '*' ? { ...rule, permissions: [] } : rule)),
  { selector: ({ name, destination }) => `${destination} ${name}`, maxLength: 6 },
);

export const anyDefault = fc.constantFrom('allow' as const, 'deny' as const);

/** One trick that is played on a path. */
type Trick = (path: string, at: number) => string;

const slashAt = (path: string, at: number): number => {
  const slashes = [...path.matchAll(/\//g)].map(({ index }) => index);
  return slashes[at % slashes.length] ?? 0;
};
const insert = (path: string, at: number, text: string): string => path.slice(0, at) + text + path.slice(at);
const replaceAt = (path: string, at: number, text: string): string => path.slice(0, at) + text + path.slice(at + 1);
const later = (path: string, at: number): number => 1 + (at % Math.max(1, path.length - 1));
const after =
  (text: string): Trick =>
  (path) =>
    path + text;
const atSlash =
  (text: string): Trick =>
  (path, at) =>
    insert(path, slashAt(path, at), text);

const TRICKS: readonly Trick[] = [
  (path) => path,
  (path) => path,
  (path, at) => replaceAt(path, at % path.length, (path[at % path.length] ?? '').toUpperCase()),
  (path) => path.toLowerCase(),
  ...[
    '?q=/admin',
    '?',
    '?/../admin',
    '/',
    ';x=1',
    '%00',
    '%',
    '%zz',
    '%3f',
    '%23x',
    '/..',
    '/.',
    '/%2e%2e/',
    '%2f',
  ].map(after),
  ...['#x', '#/admin', '\u00ff', bytesOf('\u00fc'), '\u00c3', '~', '%7E', 'z'.repeat(600)].map(after),
  ...['/', '//', '/.', '/x/..', '/%2e', '/%2E%2e/', '/..;', '/\u0080', '/..%2f', '\\..', '/..'].map(atSlash),
  (path, at) => replaceAt(path, slashAt(path, at), '%2F'),
  (path, at) => replaceAt(path, slashAt(path, at), '%2f'),
  (path, at) => replaceAt(path, slashAt(path, at), '%252f'),
  (path, at) => replaceAt(path, slashAt(path, at), '\\'),
  (path, at) => replaceAt(path, later(path, at), `%${path.charCodeAt(later(path, at) % path.length).toString(16)}`),
  (path) => `http://admin.example${path}`,
  (path) => `/x${path}`,
];

const anyTarget = fc
  .record({
    path: fc.constantFrom(...PATHS),
    tricks: fc.array(fc.tuple(fc.constantFrom(...TRICKS), fc.nat({ max: 40 })), { maxLength: 2 }),
  })
  .map(({ path, tricks }) => tricks.reduce((given, [trick, at]) => trick(given, at), path));

const anyHost = fc
  .tuple(fc.constantFrom(...HOSTS), fc.constantFrom('', '', ':80', ':8443', '.'), fc.boolean())
  .map(([host, port, upper]) => (upper ? host.toUpperCase() : host) + port);

const sentValues = [
  ...VALUES.map(bytesOf),
  '',
  'ba',
  'a,b',
  'b,a',
  'A, b',
  'b ,\ta ,x',
  'b,\u00ff',
  'a\u00ff',
  '\u00ffa',
  '\u00c3',
  '\u00c9',
];

const anyHeaders = fc.array(
  fc.tuple(fc.constantFrom('x-a', 'X-A', 'x-b', 'X-b', 'user-agent', 'x_a'), fc.constantFrom(...sentValues)),
  { maxLength: 3 },
);
/** Mostly none; lengths up to what the one who looks can bear. */
const anyLongHeader = (longest: number) =>
  fc.oneof(
    { weight: 12, arbitrary: fc.constant([]) },
    {
      weight: 1,
      arbitrary: fc
        .tuple(fc.constantFrom('a', 'b', 'ab'), fc.constantFrom(0.3, 0.8, 1))
        .map(([text, share]): (readonly [string, string])[] => [
          [LONG_HEADER, text.repeat((longest * share) / text.length)],
        ]),
    },
  );

/** Envoy refuses methods in lower case by itself. */
const anyMethod = fc.oneof(
  { weight: 30, arbitrary: fc.constantFrom('GET', 'GET', 'POST', 'PUT', 'HEAD', 'DELETE', 'PROPFIND') },
  { weight: 1, arbitrary: fc.constantFrom('get', 'Post') },
);

/** A request whose headers have at most about as many bytes as said. */
export const anyRequest = (longest: number): fc.Arbitrary<SentRequest> =>
  fc
    .record({
      caller: fc.constantFrom(...CALLERS),
      method: anyMethod,
      target: anyTarget,
      host: anyHost,
      headers: anyHeaders,
      long: anyLongHeader(longest),
    })
    .map(({ headers, long, ...rest }) => ({ ...rest, headers: [...headers, ...long] }));

/** Headers that every Envoy makes one of, without empty values; one that is older than its fix of 2026 all. */
const JOINED = ['user-agent'];

/**
 * What the proxy's filters see of a request whose path was normalised to `path` (bytes): the host as `:authority` under either
 * name. `envoy`: before 1.36.5 (`joining`), several values of a header are one.
 */
export function seen(
  sent: SentRequest,
  path: string,
  envoy: 'joining' | 'separating' = 'separating',
): Omit<SeenRequest, 'spiffeId'> {
  const headers: Record<string, readonly string[]> = {};
  for (const [given, value] of sent.headers) {
    const name = given.toLowerCase();
    headers[name] = [...(headers[name] ?? []), value];
  }
  for (const [name, values] of Object.entries(headers)) {
    const said = JOINED.includes(name) ? values.filter((value) => value !== '') : values;
    if (JOINED.includes(name) || envoy === 'joining') headers[name] = [said.join(',')];
  }
  const authority = /^http:\/\/([^/]*)/.exec(sent.target)?.[1] ?? sent.host;
  return { method: sent.method, path, headers: { ...headers, host: [authority], ':authority': [authority] } };
}

/** The same for the naive evaluator, whose texts are texts: bytes that are no UTF-8 become lone surrogates. */
export function asText({ method, path, headers }: Omit<SeenRequest, 'spiffeId'>): AuthorizedRequest {
  return {
    method,
    path: decoded(path),
    headers: Object.fromEntries(Object.entries(headers).map(([name, values]) => [name, values.map(decoded)])),
  };
}

/** The rules for an evaluator to whom a byte is a character, as it is to the expressions of Envoy 1.40: what they say, in UTF-8. */
export function inBytes(rules: readonly Rule[]): readonly Rule[] {
  const texts = ['exact', 'prefix', 'suffix', 'contains', 'regex'] as const;
  const header = (match: IntentionHeaderPermission): IntentionHeaderPermission => ({
    ...match,
    ...Object.fromEntries(texts.map((text) => [text, bytesOf(match[text])])),
  });
  const permission = (given: IntentionPermission): IntentionPermission =>
    given.http ? { ...given, http: { ...given.http, header: given.http.header.map(header) } } : given;
  return rules.map((rule) => (rule.permissions ? { ...rule, permissions: rule.permissions.map(permission) } : rule));
}

function decoded(bytes: string): string {
  // One character of UTF-8, or one byte that is part of none.
  const parts = bytes.match(/[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3}|[^]/g) ?? [];
  return parts
    .map((part) => {
      const text = Buffer.from(part, 'latin1').toString('utf8');
      if (!text.includes('\ufffd')) return text;
      return [...Buffer.from(part, 'latin1')].map((byte) => String.fromCharCode(0xdc00 + byte)).join('');
    })
    .join('');
}
