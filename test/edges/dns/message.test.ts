import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type DnsMessage,
  type DnsRecord,
  addressText,
  decodeMessage,
  encodeMessage,
  isSendable,
  preparedRecord,
} from '../../../src/edges/dns/message/index.js';
import { escapeLabel } from '../../../src/edges/dns/message/name.js';

const u8 = fc.integer({ min: 0, max: 255 });
const u16 = fc.integer({ min: 0, max: 65_535 });
const u32 = fc.integer({ min: 0, max: 2 ** 32 - 1 });
const bytes = (max: number) => fc.uint8Array({ maxLength: max });
const latin1 = (max: number) => bytes(max).map((some) => Buffer.from(some).toString('latin1'));

/** Names share suffixes often, so that compression has something to do. */
const label = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom('web', 'node', 'dc1', 'consul', 'service', 'Consul') },
  fc.uint8Array({ minLength: 1, maxLength: 63 }).map((some) => escapeLabel(Buffer.from(some).toString('latin1'))),
);
const name = fc
  .array(label, { maxLength: 6 })
  .map((labels) => (labels.length === 0 ? '.' : `${labels.join('.')}.`))
  .filter(isSendable);

const address = (length: 4 | 16) =>
  fc.uint8Array({ minLength: length, maxLength: length }).map((some) => addressText(some));
const known = [1, 2, 5, 6, 12, 16, 28, 33, 41];
const data: fc.Arbitrary<DnsRecord['data']> = fc.oneof(
  address(4).map((text) => ({ type: 'A' as const, address: text })),
  address(16).map((text) => ({ type: 'AAAA' as const, address: text })),
  fc.record({ type: fc.constantFrom('NS' as const, 'CNAME' as const, 'PTR' as const), target: name }),
  fc.record({ type: fc.constant('TXT' as const), texts: fc.array(latin1(255), { maxLength: 3 }) }),
  fc.record({ type: fc.constant('SRV' as const), priority: u16, weight: u16, port: u16, target: name }),
  fc.record({
    type: fc.constant('SOA' as const),
    primary: name,
    mailbox: name,
    serial: u32,
    refreshSeconds: u32,
    retrySeconds: u32,
    expireSeconds: u32,
    minimumSeconds: u32,
  }),
  fc.record({
    type: fc.constant('opaque' as const),
    code: u16.filter((code) => !known.includes(code)),
    class: u16,
    bytes: bytes(40),
  }),
);
const records = fc.array(fc.record({ name, ttlSeconds: u32, data }), { maxLength: 6 });
const edns = fc.record({
  udpSize: u16,
  version: u8,
  dnssecOk: fc.boolean(),
  options: fc.array(fc.record({ code: u16, bytes: bytes(20) }), { maxLength: 3 }),
});
const message: fc.Arbitrary<DnsMessage> = fc
  .record({
    id: u16,
    isResponse: fc.boolean(),
    opcode: fc.integer({ min: 0, max: 15 }),
    authoritative: fc.boolean(),
    truncated: fc.boolean(),
    recursionDesired: fc.boolean(),
    recursionAvailable: fc.boolean(),
    rcode: fc.integer({ min: 0, max: 15 }),
    questions: fc.array(fc.record({ name, type: u16, class: u16 }), { maxLength: 2 }),
    answers: records,
    authorities: records,
    additionals: records,
    edns: fc.option(edns, { nil: undefined }),
  })
  .map(({ edns: opt, ...rest }) => (opt ? { ...rest, edns: opt } : rest));

const written = (given: DnsMessage, compress: boolean): Buffer => {
  const bytesOf = encodeMessage(given, { limitBytes: 65_535, compress });
  if (!bytesOf) throw new Error('it did not fit');
  return bytesOf;
};

describe('a DNS message', () => {
  it('comes back as it was written, compressed or not, and compression never makes it longer', () => {
    fc.assert(
      fc.property(message, (given) => {
        const [plain, compressed] = [written(given, false), written(given, true)];
        expect(decodeMessage(plain)).toEqual({ ok: true, message: given });
        expect(decodeMessage(compressed)).toEqual({ ok: true, message: given });
        expect(compressed.length).toBeLessThanOrEqual(plain.length);
      }),
      { numRuns: 300 },
    );
  });

  it('has the same bytes when its records were written before', () => {
    const isAlike = ({ data: { type } }: DnsRecord): boolean => ['A', 'AAAA', 'TXT', 'SRV'].includes(type);
    const prepared = (some: readonly DnsRecord[]) => some.map((one) => (isAlike(one) ? preparedRecord(one) : one));
    fc.assert(
      fc.property(message, fc.boolean(), (given, compress) => {
        const { answers, authorities, additionals } = given;
        const before = {
          ...given,
          answers: prepared(answers),
          authorities: prepared(authorities),
          additionals: prepared(additionals),
        };
        expect(written(before, compress).equals(written(given, compress))).toBe(true);
      }),
      { numRuns: 300 },
    );
  });

  it('is read or refused, whatever the bytes are', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 600 }), (some) => {
        const decoded = decodeMessage(Buffer.from(some));
        expect(decoded.ok || decoded.problem.length > 0).toBe(true);
      }),
      { numRuns: 1000 },
    );
  });

  it('is read or refused when some of its bytes were changed or its end is missing', () => {
    const change = fc.record({ at: fc.nat(), to: u8 });
    fc.assert(
      fc.property(message, fc.array(change, { maxLength: 4 }), fc.nat(), (given, changes, cut) => {
        const packet = written(given, true);
        for (const { at, to } of changes) packet[at % packet.length] = to;
        const decoded = decodeMessage(packet.subarray(0, packet.length - (cut % packet.length)));
        expect(decoded.ok || decoded.problem.length > 0).toBe(true);
      }),
      { numRuns: 1000 },
    );
  });

  it('does not fit when it is longer than the limit, and is whole when it fits', () => {
    fc.assert(
      fc.property(message, (given) => {
        const whole = written(given, true);
        expect(encodeMessage(given, { limitBytes: whole.length, compress: true })).toEqual(whole);
        expect(encodeMessage(given, { limitBytes: whole.length - 1, compress: true })).toBeUndefined();
      }),
      { numRuns: 100 },
    );
  });

  const header = (counts: readonly number[]): number[] => [0, 1, 1, 0, ...counts.flatMap((count) => [0, count])];
  const refused = (parts: readonly number[]): string => {
    const decoded = decodeMessage(Buffer.from(parts));
    return decoded.ok ? 'read' : decoded.problem;
  };

  it.each([
    ['a pointer to itself', [...header([1, 0, 0, 0]), 0xc0, 12, 0, 1, 0, 1], /backwards/],
    ['a pointer ahead', [...header([1, 0, 0, 0]), 0xc0, 14, 0, 0, 1, 0, 1], /backwards/],
    ['a pointer into the header', [...header([1, 0, 0, 0]), 0xc0, 4, 0, 1, 0, 1], /backwards/],
    [
      'two names that lead to each other',
      [...header([2, 0, 0, 0]), 1, 97, 0xc0, 20, 0, 1, 0, 1, 0xc0, 12, 0, 1, 0, 1],
      /backwards/,
    ],
    ['a label past the end', [...header([1, 0, 0, 0]), 63, 97, 98, 0, 0, 1, 0, 1], /past the end/],
    ['a label of a type that does not exist', [...header([1, 0, 0, 0]), 0x80, 97, 0, 0, 1, 0, 1], /unknown type/],
    ['more records than there is room for', [...header([1, 0, 200, 0]), 0, 0, 1, 0, 1], /more records/],
    ['bytes behind the end', [...header([1, 0, 0, 0]), 0, 0, 1, 0, 1, 9], /behind the last/],
    ['half a header', [0, 1, 2], /header/],
    [
      'a record that lies about its length',
      [...header([0, 1, 0, 0]), 0, 0, 1, 0, 1, 0, 0, 0, 0, 0, 9, 1, 2, 3, 4],
      /length/,
    ],
  ])('with %s is refused', (_what, parts, problem) => {
    expect(refused(parts)).toMatch(problem);
  });

  it('with a name of more than 255 bytes is refused, also when it is made of pointers', () => {
    const part = [...Array.from({ length: 3 }, () => [60, ...Buffer.alloc(60, 'a')]).flat()];
    const first = [...part, 0, 0, 1, 0, 1];
    expect(refused([...header([2, 0, 0, 0]), ...first, ...part, 0xc0, 12, 0, 1, 0, 1])).toMatch(/oversized/);
  });
});
