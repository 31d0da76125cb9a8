import { CLASS_IN, type DnsRecord, RECORD_TYPES, decodeMessage, encodeMessage } from '../message/index.js';
import type { Recursor, Transport } from './recursor.js';

const { A, AAAA, SRV, ANY, TXT } = RECORD_TYPES;
const MOST_HOSTS = 8;
const ASKED_UDP_BYTES = 1232;

/**
 * Addresses of hosts elsewhere as the recursors know them, with the aliases on the way; what nobody answers is left out. At most
 * `mostRecords` of each host.
 */
export async function foreignAddresses(
  recursor: Recursor,
  hosts: readonly string[],
  options: { readonly questionType: number; readonly transport: Transport; readonly mostRecords: number },
): Promise<readonly DnsRecord[]> {
  const type = wantedType(options.questionType);
  if (type === undefined) return [];
  const answers = hosts.slice(0, MOST_HOSTS).map(async (host) => {
    const answer = await recursor.ask(question(host, type), options.transport);
    const decoded = answer && decodeMessage(answer);
    return decoded?.ok ? decoded.message.answers.filter(isAboutAddresses).slice(0, options.mostRecords) : [];
  });
  return (await Promise.all(answers)).flat();
}

function wantedType(questionType: number): number | undefined {
  if (questionType === A || questionType === AAAA) return questionType;
  return questionType === SRV || questionType === ANY || questionType === TXT ? A : undefined;
}

const isAboutAddresses = ({ data }: DnsRecord): boolean =>
  data.type === 'A' || data.type === 'AAAA' || data.type === 'CNAME';

function question(name: string, type: number): Buffer {
  const message = {
    id: 0,
    isResponse: false,
    opcode: 0,
    authoritative: false,
    truncated: false,
    recursionDesired: true,
    recursionAvailable: false,
    rcode: 0,
    questions: [{ name, type, class: CLASS_IN }],
    answers: [],
    authorities: [],
    additionals: [],
    edns: { udpSize: ASKED_UDP_BYTES, version: 0, dnssecOk: false, options: [] },
  };
  return encodeMessage(message, { limitBytes: 512, compress: false }) as Buffer;
}
