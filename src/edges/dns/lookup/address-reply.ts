import { type DnsRecord, RCODES, RECORD_TYPES, addressText } from '../message/index.js';
import { nameError } from './authority.js';
import type { LookupContext, Reply } from './reply.js';

/** The answer to a name that spells an address, 8 or 32 hexadecimal digits; of the other family it stands beside the answer. */
export function addressReply(context: LookupContext, hex: string): Reply {
  if (!/^(?:[0-9a-f]{8}|[0-9a-f]{32})$/.test(hex)) return nameError(context);
  const bytes = Buffer.from(hex, 'hex');
  const type = bytes.length === 4 ? 'A' : 'AAAA';
  const { question, settings } = context;
  const record: DnsRecord = {
    name: question.name,
    ttlSeconds: settings.nodeTtlSeconds,
    data: { type, address: addressText(bytes) },
  };
  const isWanted = question.type === RECORD_TYPES[type] || question.type === RECORD_TYPES.ANY;
  return {
    rcode: RCODES.noError,
    answers: isWanted ? [record] : [],
    authorities: [],
    additionals: isWanted ? [] : [record],
  };
}
