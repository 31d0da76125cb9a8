// Everything that says which parts of an answer may differ from the recorded one, in one place.
import { X509Certificate } from 'node:crypto';

// Numbers that are only comparable as "same as before" and "later than before".
export const INDEX_KEYS = new Set([
  'CreateIndex',
  'ModifyIndex',
  'Index',
  'X-Consul-Index',
  'x-consul-index',
  'ReplicatedIndex',
  'PrimaryModifyIndex',
  'RaftIndex',
]);
// Values that are only comparable as "same as before".
export const OPAQUE_KEYS = new Set([
  'Hash',
  'ContentHash',
  'x-consul-contenthash',
  'SerialNumber',
  'SigningKeyID',
  'ActiveRootID',
  'SecretHash',
]);
// Values whose content does not matter as long as they have the right kind.
export const LOOSE_KEYS = new Set([
  'LTime',
  'Version',
  'Build',
  'build',
  'Revision',
  'BuildDate',
  'SHA',
  'x-consul-lastcontact',
  'age',
  'LastContact',
  'StableSince',
  'consul-version',
  'HumanVersion',
  'ElapsedTime',
]);

// Headers whose absence or difference only lowers the fine score (unless the scenario says "strictHeaders").
export const SOFT_HEADERS = new Set([
  'content-encoding',
  'age',
  'x-cache',
  'x-content-type-options',
  'content-security-policy',
  'x-consul-knownleader',
  'x-consul-lastcontact',
  'x-consul-effective-consistency',
  'x-consul-query-backend',
  'x-consul-default-acl-policy',
  'x-consul-translate-addresses',
]);

// Parts of a text that stand for something made up at run time. The order matters.
export const TEXT_PARTS = [
  ['time', /\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:\.\d+)?(?: ?Z| ?[+-]\d\d:?\d\d)?(?: UTC)?(?: m=[+-][\d.]+)?/],
  ['uuid', /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/i],
  ['print', /\b(?:[0-9a-f]{2}:){7,}[0-9a-f]{2}\b/i],
  ['caname', /\b(?:pri|sec)-[0-9a-z]{6,9}(?:\.[a-z]+\.ca\.[0-9a-f]{8})?\b/],
  ['hash', /\b[0-9a-f]{40,64}\b/],
  ['indexno', /(?<=(?:Create|Modify)Index\s+)\d+|(?<=\bindex:? )\d+|(?<=\d != )\d+/],
  ['version', /(?<![\d.])v?1\.2\d\.\d+(?:-[0-9A-Za-z.]+|\+\w+|criteo\d+)?:?(?![.\d])/],
];
const PART_RE = new RegExp(TEXT_PARTS.map(([n, r]) => `(?<${n}>${r.source})`).join('|'), 'gi');
export const FIXED_UUID = /^(00000000-0000-0000-0000-|aaaaaaaa-)/;

export function splitText(s) {
  const parts = [];
  let skeleton = '',
    last = 0;
  for (const m of s.matchAll(PART_RE)) {
    const [kind] = Object.entries(m.groups).find(([, v]) => v !== undefined);
    if (kind === 'uuid' && FIXED_UUID.test(m[0])) continue;
    skeleton += s.slice(last, m.index) + `<${kind}>`;
    parts.push([kind, m[0]]);
    last = m.index + m[0].length;
  }
  return { skeleton: skeleton + s.slice(last), parts };
}

// Phrases that clients look for; when a recorded error has one, the answer must have it too.
export const KEY_PHRASES = [
  'permission denied',
  'acl not found',
  'acl support disabled',
  'no path to datacenter',
  'not a recognized http api endpoint',
  'not allowed',
  'unknown service id',
  'unknown check id',
  'invalid session',
  'acl bootstrap no longer allowed',
  'config entry not found',
  'intention not found',
  'query not found',
  'conflicting',
  'invalid index',
  'invalid wait',
  'missing',
  'failed to create boolean expression evaluator',
  'failed to parse',
  'does not exist',
  'circular',
  'inconsistent protocols',
  'unsupported protocol',
  'unknown',
  'duplicate',
  'must be',
  'cannot',
  'required',
  'already',
  'not found',
  'invalid',
];
const DULL = new Set([
  'a',
  'an',
  'the',
  'is',
  'are',
  'of',
  'to',
  'in',
  'on',
  'for',
  'and',
  'or',
  'be',
  'with',
  'error',
  'errors',
  'occurred',
  'failed',
  'rpc',
  'making',
  'call',
  'unexpected',
  'response',
  'code',
  'request',
  'by',
  'at',
  'it',
  'this',
  'that',
  'as',
  'not',
]);
const words = (s) =>
  new Set(
    s
      .toLowerCase()
      .replace(/<[a-z]+>/g, ' ')
      .split(/[^a-z0-9_]+/)
      .filter((w) => w.length > 1 && !DULL.has(w)),
  );

// Returns 'same', 'close' or 'different' for two error texts.
export function compareErrorText(want, got) {
  const a = splitText(want.trim()).skeleton.replace(/\s+/g, ' '),
    b = splitText(got.trim()).skeleton.replace(/\s+/g, ' ');
  if (a === b) return 'same';
  const la = a.toLowerCase(),
    lb = b.toLowerCase();
  const strong = KEY_PHRASES.slice(0, 18).filter((p) => la.includes(p));
  if (strong.some((p) => !lb.includes(p))) return 'different';
  const wa = words(a),
    wb = words(b);
  if (wa.size === 0) return 'close';
  let hit = 0;
  for (const w of wa) if (wb.has(w)) hit++;
  return hit / wa.size >= 0.5 ? 'close' : 'different';
}

// What matters in a certificate.
export function certificates(pem) {
  return (pem.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? []).map((p) => {
    try {
      const c = new X509Certificate(p);
      const hours = (new Date(c.validTo) - new Date(c.validFrom)) / 3600e3;
      const key = c.publicKey;
      return {
        subject: c.subject ?? '',
        issuer: c.issuer ?? '',
        san: c.subjectAltName ?? '',
        ca: c.ca,
        key: `${key.asymmetricKeyType} ${key.asymmetricKeyDetails?.namedCurve ?? key.asymmetricKeyDetails?.modulusLength ?? ''}`,
        days: Math.round(hours / 24),
        usage: (c.keyUsage ?? []).join(','),
      };
    } catch {
      return { unreadable: true };
    }
  });
}

export function privateKeyKind(pem) {
  const m = /-----BEGIN ([A-Z ]*PRIVATE KEY)-----/.exec(pem);
  return m ? m[1] : null;
}

// Fields by which members of a list are told apart.
const NAMES = [
  'Name',
  'ID',
  'ServiceID',
  'CheckID',
  'Key',
  'Node',
  'ServiceName',
  'Service',
  'SourceName',
  'DestinationName',
  'Description',
  'name',
  'Type',
  'Gateway',
  'Datacenter',
  'TemplateName',
  'OpIndex',
  'BindName',
  'Kind',
];
export function identity(v) {
  if (v === null || typeof v !== 'object') return JSON.stringify(v);
  if (Array.isArray(v)) return null;
  if (typeof v.RootCert === 'string') return `root ${v.Active} ${v.PrivateKeyType} ${v.PrivateKeyBits}`;
  const out = [];
  for (const k of NAMES) {
    const x = v[k];
    if (typeof x === 'string' && !/^[0-9a-f]{8}-/.test(x)) out.push(`${k}=${splitText(x).skeleton}`);
    else if (x && typeof x === 'object' && !Array.isArray(x)) {
      const i = identity(x);
      if (i) out.push(`${k}{${i}}`);
    }
  }
  return out.length ? out.join('|') : null;
}

// Requests whose answers hold lists without an order.
export const UNORDERED = /^GET \/v1\/(catalog\/services|query$|agent\/health\/service\/|session\/)/;
export const UNORDERED_KEYS = new Set(['Conditions', 'Consumers', 'Roots']);
