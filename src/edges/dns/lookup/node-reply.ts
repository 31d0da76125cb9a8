import { nodeKey } from '../../../model/index.js';
import { RCODES, RECORD_TYPES } from '../message/index.js';
import { addressRecord, textRecords } from './address-records.js';
import { nameError } from './authority.js';
import { readAddress } from './instance.js';
import { metaTexts } from './node-meta.js';
import type { LookupContext, Reply } from './reply.js';
import { hostReply } from './service-reply.js';

const { A, AAAA, ANY, TXT } = RECORD_TYPES;

/**
 * The answer about a node: its address, its metadata as TXT (beside addresses in the additional section). A node without what is
 * asked for is answered without records, as in Consul.
 */
export function nodeReply(context: LookupContext, name: string): Reply {
  const { view, question, settings } = context;
  const node = view.get('nodes', nodeKey(name));
  if (node === undefined) return nameError(context);
  const ttlSeconds = settings.nodeTtlSeconds;
  const { type } = question;
  const address = readAddress(node.address);
  const wantsAddress = type === A || type === AAAA || type === ANY;
  const texts = (): Reply['answers'] => textRecords(question.name, ttlSeconds, metaTexts(node.meta));
  const beside = (type === A || type === AAAA) && settings.nodeMetaTxt ? texts() : [];
  if (wantsAddress && address?.type === 'host')
    return { ...hostReply(context, address.name, ttlSeconds), additionals: beside };
  const isOfType = address && (type === ANY || type === RECORD_TYPES[address.type === 'AAAA' ? 'AAAA' : 'A']);
  const record = isOfType ? addressRecord(question.name, ttlSeconds, address) : undefined;
  const told = type === ANY || type === TXT ? texts() : [];
  return {
    rcode: RCODES.noError,
    answers: record ? [record, ...told] : told,
    authorities: [],
    additionals: beside,
  };
}
