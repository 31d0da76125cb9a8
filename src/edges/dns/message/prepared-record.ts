import { writeTail } from './encode.js';
import type { DnsRecord, RecordWire } from './message.js';
import { labelEnd, unescapeLabel } from './name.js';
import { MessageWriter } from './writer.js';

/** Type, class, time to live, length of the data, and what stands in the data of SRV before the name. */
const BEFORE_TARGET_BYTES = 16;
const MOST_BYTES = 65_535;

/**
 * The record, written once for all messages that it stands in: only its name is written anew in each. For types whose data is the same
 * everywhere: addresses, texts and SRV. Throws AppError('internal') for a name that breaks the limits of DNS.
 */
export function preparedRecord(record: DnsRecord): DnsRecord {
  const { name, ttlSeconds, data } = record;
  const writer = new MessageWriter(MOST_BYTES, false);
  writeTail(writer, record);
  // A copy, for what the writer returns may be a small part of a page that would live as long.
  const bytes = new Uint8Array(writer.finish());
  return { name, ttlSeconds, data, wire: { bytes, targets: data.type === 'SRV' ? suffixesOf(data.target) : [] } };
}

/** Where a name that stands whole in the data can be pointed at: at itself, and at each of its suffixes. */
function suffixesOf(name: string): RecordWire['targets'] {
  const suffixes: { readonly suffix: string; readonly at: number }[] = [];
  let at = BEFORE_TARGET_BYTES;
  for (let from = 0; from < name.length && name !== '.'; ) {
    const end = labelEnd(name, from);
    suffixes.push({ suffix: name.slice(from), at });
    at += 1 + unescapeLabel(name.slice(from, end)).length;
    from = end + 1;
  }
  return suffixes;
}
