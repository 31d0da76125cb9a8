import { ipv4Bytes, ipv6Bytes } from './address.js';
import { CLASS_IN, type DnsMessage, type DnsRecord, type Edns, RECORD_TYPES, type RecordData } from './message.js';
import { MessageTooLong, MessageWriter } from './writer.js';

export interface EncodeOptions {
  readonly limitBytes: number;
  readonly compress: boolean;
}

/**
 * The bytes of a message (RFC 1035, 4.1), names compressed if wanted; undefined when it is longer than the limit. Throws
 * AppError('internal') for a name that breaks the limits of DNS.
 */
export function encodeMessage(message: DnsMessage, { limitBytes, compress }: EncodeOptions): Buffer | undefined {
  const writer = new MessageWriter(limitBytes, compress);
  try {
    writeMessage(writer, message);
    return writer.finish();
  } catch (thrown) {
    if (thrown instanceof MessageTooLong) return undefined;
    throw thrown;
  }
}

function writeMessage(writer: MessageWriter, message: DnsMessage): void {
  const { questions, answers, authorities, additionals, edns } = message;
  writer.u16(message.id);
  writer.u16(flagsOf(message));
  writer.u16(questions.length);
  writer.u16(answers.length);
  writer.u16(authorities.length);
  writer.u16(additionals.length + (edns ? 1 : 0));
  for (const question of questions) {
    writer.name(question.name);
    writer.u16(question.type);
    writer.u16(question.class);
  }
  for (const record of answers) writeRecord(writer, record);
  for (const record of authorities) writeRecord(writer, record);
  for (const record of additionals) writeRecord(writer, record);
  if (edns) writeOpt(writer, edns, message.rcode);
}

const flagsOf = (message: DnsMessage): number =>
  (message.isResponse ? 0x8000 : 0) |
  ((message.opcode & 15) << 11) |
  (message.authoritative ? 0x0400 : 0) |
  (message.truncated ? 0x0200 : 0) |
  (message.recursionDesired ? 0x0100 : 0) |
  (message.recursionAvailable ? 0x0080 : 0) |
  (message.rcode & 15);

function writeOpt(writer: MessageWriter, { udpSize, version, dnssecOk, options }: Edns, rcode: number): void {
  writer.u8(0);
  writer.u16(RECORD_TYPES.OPT);
  writer.u16(udpSize);
  writer.u8(rcode >> 4);
  writer.u8(version);
  writer.u16(dnssecOk ? 0x8000 : 0);
  const from = writer.beginMeasured();
  for (const { code, bytes } of options) {
    writer.u16(code);
    writer.u16(bytes.length);
    writer.bytes(bytes);
  }
  writer.endMeasured(from);
}

function writeRecord(writer: MessageWriter, record: DnsRecord): void {
  writer.name(record.name);
  if (record.wire) writer.wire(record.wire);
  else writeTail(writer, record);
}

/** Writes what stands behind a record's name. */
export function writeTail(writer: MessageWriter, { ttlSeconds, data }: DnsRecord): void {
  writer.u16(data.type === 'opaque' ? data.code : RECORD_TYPES[data.type]);
  writer.u16(data.type === 'opaque' ? data.class : CLASS_IN);
  writer.u32(ttlSeconds);
  const from = writer.beginMeasured();
  writeData(writer, data);
  writer.endMeasured(from);
}

function writeData(writer: MessageWriter, data: RecordData): void {
  switch (data.type) {
    case 'A':
      return writer.bytes(ipv4Bytes(data.address));
    case 'AAAA':
      return writer.bytes(ipv6Bytes(data.address));
    case 'NS':
    case 'CNAME':
    case 'PTR':
      return writer.name(data.target);
    case 'TXT':
      for (const text of data.texts) {
        writer.u8(text.length);
        writer.latin1(text);
      }
      return undefined;
    case 'SRV':
      writer.u16(data.priority);
      writer.u16(data.weight);
      writer.u16(data.port);
      return writer.name(data.target, true);
    case 'SOA':
      writer.name(data.primary);
      writer.name(data.mailbox);
      writer.u32(data.serial);
      writer.u32(data.refreshSeconds);
      writer.u32(data.retrySeconds);
      writer.u32(data.expireSeconds);
      return writer.u32(data.minimumSeconds);
    case 'opaque':
      return writer.bytes(data.bytes);
  }
}
