import { addressText } from './address.js';
import {
  CLASS_IN,
  type DnsMessage,
  type DnsQuestion,
  type DnsRecord,
  type Edns,
  RECORD_TYPES,
  type RecordData,
} from './message.js';
import { MalformedMessage, MessageReader } from './reader.js';

export type Decoded =
  | { readonly ok: true; readonly message: DnsMessage }
  | { readonly ok: false; readonly problem: string };

/** A question takes at least 5 bytes, a record 11: what announces more than fits is not read. */
const HEADER_BYTES = 12;
const LEAST_RECORD_BYTES = 11;

/** Reads a message (RFC 1035, 4.1). Never throws: what cannot be read is refused with the reason. */
export function decodeMessage(bytes: Buffer): Decoded {
  try {
    return { ok: true, message: readMessage(bytes) };
  } catch (thrown) {
    if (thrown instanceof MalformedMessage) return { ok: false, problem: thrown.message };
    throw thrown;
  }
}

function readMessage(bytes: Buffer): DnsMessage {
  if (bytes.length < HEADER_BYTES) throw new MalformedMessage('shorter than a header');
  const reader = new MessageReader(bytes);
  const id = reader.u16();
  const flags = reader.u16();
  const counts = [reader.u16(), reader.u16(), reader.u16(), reader.u16()] as const;
  const announced = counts[1] + counts[2] + counts[3];
  if (counts[0] * 5 + announced * LEAST_RECORD_BYTES > bytes.length - HEADER_BYTES)
    throw new MalformedMessage('more records announced than there can be');
  const questions: DnsQuestion[] = [];
  for (let left = counts[0]; left > 0; left--)
    questions.push({ name: reader.name(), type: reader.u16(), class: reader.u16() });
  const opts: OptRecord[] = [];
  const answers = readSection(reader, counts[1], undefined);
  const authorities = readSection(reader, counts[2], undefined);
  const additionals = readSection(reader, counts[3], opts);
  if (opts.length > 1) throw new MalformedMessage('more than one OPT record');
  if (!reader.isAtEnd) throw new MalformedMessage('bytes behind the last record');
  const [opt] = opts;
  return {
    id,
    isResponse: (flags & 0x8000) !== 0,
    opcode: (flags >> 11) & 15,
    authoritative: (flags & 0x0400) !== 0,
    truncated: (flags & 0x0200) !== 0,
    recursionDesired: (flags & 0x0100) !== 0,
    recursionAvailable: (flags & 0x0080) !== 0,
    rcode: ((opt?.extendedRcode ?? 0) << 4) | (flags & 15),
    questions,
    answers,
    authorities,
    additionals,
    ...(opt ? { edns: opt.edns } : {}),
  };
}

/** Records, and in `opts` what may stand among them only in the last section. */
function readSection(reader: MessageReader, count: number, opts: OptRecord[] | undefined): readonly DnsRecord[] {
  if (count === 0) return NO_RECORDS;
  const records: DnsRecord[] = [];
  for (let left = count; left > 0; left--) {
    const read = readRecord(reader, opts !== undefined);
    if ('edns' in read) opts?.push(read);
    else records.push(read);
  }
  return records;
}

const NO_RECORDS: readonly DnsRecord[] = [];

interface OptRecord {
  readonly edns: Edns;
  readonly extendedRcode: number;
}

function readRecord(reader: MessageReader, mayBeOpt: boolean): DnsRecord | OptRecord {
  const name = reader.name();
  const code = reader.u16();
  const recordClass = reader.u16();
  const ttl = reader.u32();
  const length = reader.u16();
  const end = reader.offset + length;
  if (code === RECORD_TYPES.OPT) {
    if (!mayBeOpt || name !== '.') throw new MalformedMessage('an OPT record in a wrong place');
    const version = (ttl >>> 16) & 255;
    const edns = { udpSize: recordClass, version, dnssecOk: (ttl & 0x8000) !== 0, options: readOptions(reader, end) };
    return { edns, extendedRcode: ttl >>> 24 };
  }
  const data = readData(reader, code, recordClass, length);
  if (reader.offset !== end) throw new MalformedMessage('a record is not as long as it says');
  return { name, ttlSeconds: ttl, data };
}

function readOptions(reader: MessageReader, end: number): Edns['options'] {
  const options: { code: number; bytes: Uint8Array }[] = [];
  while (reader.offset < end) {
    const code = reader.u16();
    options.push({ code, bytes: reader.bytes(reader.u16()) });
  }
  if (reader.offset !== end) throw new MalformedMessage('an OPT record is not as long as it says');
  return options;
}

function readData(reader: MessageReader, code: number, recordClass: number, length: number): RecordData {
  if (recordClass !== CLASS_IN) return { type: 'opaque', code, class: recordClass, bytes: reader.bytes(length) };
  switch (code) {
    case RECORD_TYPES.A:
      return { type: 'A', address: readAddress(reader, length, 4) };
    case RECORD_TYPES.AAAA:
      return { type: 'AAAA', address: readAddress(reader, length, 16) };
    case RECORD_TYPES.NS:
      return { type: 'NS', target: reader.name() };
    case RECORD_TYPES.CNAME:
      return { type: 'CNAME', target: reader.name() };
    case RECORD_TYPES.PTR:
      return { type: 'PTR', target: reader.name() };
    case RECORD_TYPES.TXT:
      return { type: 'TXT', texts: readTexts(reader, length) };
    case RECORD_TYPES.SRV:
      return {
        type: 'SRV',
        priority: reader.u16(),
        weight: reader.u16(),
        port: reader.u16(),
        target: reader.name(),
      };
    case RECORD_TYPES.SOA:
      return {
        type: 'SOA',
        primary: reader.name(),
        mailbox: reader.name(),
        serial: reader.u32(),
        refreshSeconds: reader.u32(),
        retrySeconds: reader.u32(),
        expireSeconds: reader.u32(),
        minimumSeconds: reader.u32(),
      };
    default:
      return { type: 'opaque', code, class: recordClass, bytes: reader.bytes(length) };
  }
}

function readAddress(reader: MessageReader, length: number, wanted: number): string {
  if (length !== wanted) throw new MalformedMessage('an address of a wrong length');
  return addressText(reader.bytes(wanted));
}

function readTexts(reader: MessageReader, length: number): string[] {
  const end = reader.offset + length;
  const texts: string[] = [];
  while (reader.offset < end) texts.push(reader.latin1(reader.u8()));
  return texts;
}
