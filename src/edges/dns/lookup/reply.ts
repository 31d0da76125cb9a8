import type { MeshView } from '../../../model/index.js';
import type { DnsSettings } from '../dns-deps.js';
import type { DnsQuestion, DnsRecord } from '../message/index.js';
import type { PreparedRecords } from './prepared-records.js';
import type { ReverseIndex } from './reverse-index.js';

/** What an answer is made from. */
export interface LookupContext {
  readonly view: MeshView;
  readonly settings: DnsSettings;
  readonly reverse: ReverseIndex;
  readonly records: PreparedRecords;
  readonly random: () => number;
  readonly nowMs: number;
  readonly question: DnsQuestion;
  /** The domain as the question spells it, with a dot at its end. */
  readonly domain: string;
  /** The node (in lower case) whose instances come first. */
  readonly near?: string;
  /** Most answers worth looking for: more would not be sent. */
  readonly mostAnswers: number;
}

/** The sections of an answer. */
export interface Reply {
  readonly rcode: number;
  readonly answers: readonly DnsRecord[];
  readonly authorities: readonly DnsRecord[];
  readonly additionals: readonly DnsRecord[];
  /** Names of hosts elsewhere whose addresses belong to the answer, if somebody knows them. */
  readonly hosts?: { readonly names: readonly string[]; readonly section: 'answers' | 'additionals' };
  /** The answer depends on who asks: what clients are told about their subnet says so (RFC 7871). */
  readonly isForSubnet?: boolean;
}
