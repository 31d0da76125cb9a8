/** Types of records by name (RFC 1035, 2782, 3596, 6891). */
export const RECORD_TYPES = {
  A: 1,
  NS: 2,
  CNAME: 5,
  SOA: 6,
  PTR: 12,
  TXT: 16,
  AAAA: 28,
  SRV: 33,
  OPT: 41,
  IXFR: 251,
  AXFR: 252,
  ANY: 255,
} as const;

export const CLASS_IN = 1;
export const CLASS_ANY = 255;

/** Response codes (RFC 1035, 6891). */
export const RCODES = {
  noError: 0,
  formErr: 1,
  servFail: 2,
  nxDomain: 3,
  notImp: 4,
  refused: 5,
  badVersion: 16,
} as const;

/** The start of authority of a zone (RFC 1035, 3.3.13). */
export interface SoaData {
  readonly type: 'SOA';
  readonly primary: string;
  readonly mailbox: string;
  readonly serial: number;
  readonly refreshSeconds: number;
  readonly retrySeconds: number;
  readonly expireSeconds: number;
  readonly minimumSeconds: number;
}

export interface SrvData {
  readonly type: 'SRV';
  readonly priority: number;
  readonly weight: number;
  readonly port: number;
  readonly target: string;
}

/**
 * What a record says. Names are in presentation form and end with a dot; the texts of TXT hold one byte per character. What is not
 * known here, or not of the class IN, is `opaque`.
 */
export type RecordData =
  | { readonly type: 'A' | 'AAAA'; readonly address: string }
  | { readonly type: 'NS' | 'CNAME' | 'PTR'; readonly target: string }
  | { readonly type: 'TXT'; readonly texts: readonly string[] }
  | SrvData
  | SoaData
  | { readonly type: 'opaque'; readonly code: number; readonly class: number; readonly bytes: Uint8Array };

export interface DnsRecord {
  readonly name: string;
  readonly ttlSeconds: number;
  readonly data: RecordData;
  /** As it stands in messages, when somebody has written it already (`preparedRecord`). */
  readonly wire?: RecordWire;
}

/** A written record without its name. */
export interface RecordWire {
  readonly bytes: Uint8Array;
  /** What later names may point at: a name in the data and its suffixes, the longest first, by their place in `bytes`. */
  readonly targets: readonly { readonly suffix: string; readonly at: number }[];
}

export interface DnsQuestion {
  readonly name: string;
  readonly type: number;
  readonly class: number;
}

/** The OPT pseudo-record (RFC 6891). */
export interface Edns {
  readonly udpSize: number;
  readonly version: number;
  readonly dnssecOk: boolean;
  readonly options: readonly { readonly code: number; readonly bytes: Uint8Array }[];
}

export interface DnsMessage {
  readonly id: number;
  readonly isResponse: boolean;
  readonly opcode: number;
  readonly authoritative: boolean;
  readonly truncated: boolean;
  readonly recursionDesired: boolean;
  readonly recursionAvailable: boolean;
  /** With `edns` up to 4095, else up to 15. */
  readonly rcode: number;
  readonly questions: readonly DnsQuestion[];
  readonly answers: readonly DnsRecord[];
  readonly authorities: readonly DnsRecord[];
  readonly additionals: readonly DnsRecord[];
  readonly edns?: Edns;
}
