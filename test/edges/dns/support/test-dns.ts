import { randomUUID } from 'node:crypto';
import { systemClock } from '../../../../src/core/index.js';
import { type DnsConfig, loadAgentConfig } from '../../../../src/agent/config/index.js';
import { registerInCatalog, registrationField, toRegistration } from '../../../../src/discovery/catalog/index.js';
import { createQuery } from '../../../../src/discovery/queries/index.js';
import { queryDefinitionField } from '../../../../src/model/queries/index.js';
import { decode } from '../../../../src/model/wire/index.js';
import { createSettingsReader, type DnsDeps } from '../../../../src/edges/dns/index.js';
import { newCounters } from '../../../../src/edges/dns/dns-deps.js';
import { createReverseIndex } from '../../../../src/edges/dns/lookup/index.js';
import {
  type DnsMessage,
  type DnsRecord,
  CLASS_IN,
  RECORD_TYPES,
  decodeMessage,
  encodeMessage,
} from '../../../../src/edges/dns/message/index.js';
import type { Recursor } from '../../../../src/edges/dns/recursion/recursor.js';
import { createResponder, ownNamesOf } from '../../../../src/edges/dns/responder.js';
import { type StateStore, createMemoryBackend, createStateStore } from '../../../../src/state/index.js';

export interface AskOptions {
  readonly tcp?: boolean;
  readonly edns?: DnsMessage['edns'];
  readonly recursionDesired?: boolean;
  readonly opcode?: number;
  readonly class?: number;
}

/** Answers of the edge in process: no sockets. */
export interface TestDns {
  readonly store: StateStore;
  readonly counters: ReturnType<typeof newCounters>;
  /** The body of `PUT /v1/catalog/register`. */
  register(body: object): Promise<void>;
  /** The body of `POST /v1/query`. */
  createQuery(body: object): Promise<void>;
  ask(question: string, options?: AskOptions): Promise<DnsMessage>;
  /** `sent`: the settings of a client agent that relays it. */
  send(packet: Buffer, sent?: string): Promise<Buffer | undefined>;
}

const ignore = (): void => undefined;
export const quietLogger: DnsDeps['logger'] = {
  trace: ignore,
  info: ignore,
  warn: ignore,
  error: ignore,
  isLevelEnabled: () => false,
};

const noRecursor: Recursor = { ask: () => Promise.resolve(undefined) };

/** The DNS configuration of an agent without files, changed. */
export const dnsConfig = (changes: Partial<DnsConfig> = {}): DnsConfig => ({
  ...loadAgentConfig(['-dev'], 'n1').config.dns,
  ...changes,
});

export async function testDns(changes: Partial<DnsConfig> = {}, recursor: Recursor = noRecursor): Promise<TestDns> {
  const store = createStateStore({ backend: createMemoryBackend(), clock: systemClock, random: () => 0 });
  await store.ready;
  const counters = newCounters();
  const settings = { ...dnsConfig(changes), nodeName: 'n1', datacenter: 'dc1' };
  const deps = { store, settings: () => settings, clock: systemClock, random: Math.random, logger: quietLogger };
  const own = ownNamesOf(deps, createReverseIndex(store));
  const settingsOf = createSettingsReader();
  const respond = createResponder(deps, { recursor, own, counters });
  return {
    store,
    counters,
    async register(body) {
      const draft = decode(registrationField, body, { what: 'registration' });
      await registerInCatalog(store, toRegistration(draft, 'dc1'));
    },
    async createQuery(body) {
      await createQuery(store, decode(queryDefinitionField, body, { what: 'query' }), randomUUID());
    },
    send: async (packet, sent = '') => respond(packet, 'udp', '127.0.0.1', settingsOf(sent, settings)),
    async ask(question, options = {}) {
      const answer = await respond(query(question, options), options.tcp ? 'tcp' : 'udp', '127.0.0.1');
      const decoded = answer && decodeMessage(answer);
      if (!decoded?.ok) throw new Error(`no answer to ${question}`);
      return decoded.message;
    },
  };
}

/** The packet of a question like `web.service.consul SRV`. */
export function query(question: string, options: AskOptions = {}): Buffer {
  const [name = '', type = 'A'] = question.split(' ');
  const code = type in RECORD_TYPES ? RECORD_TYPES[type as keyof typeof RECORD_TYPES] : Number(type);
  const message: DnsMessage = {
    id: 4711,
    isResponse: false,
    opcode: options.opcode ?? 0,
    authoritative: false,
    truncated: false,
    recursionDesired: options.recursionDesired ?? true,
    recursionAvailable: false,
    rcode: 0,
    questions: [{ name: name.endsWith('.') ? name : `${name}.`, type: code, class: options.class ?? CLASS_IN }],
    answers: [],
    authorities: [],
    additionals: [],
    ...(options.edns ? { edns: options.edns } : {}),
  };
  return encodeMessage(message, { limitBytes: 65_535, compress: true }) as Buffer;
}

/** `name TYPE data`, without the time to live. */
export function shown({ name, data }: DnsRecord): string {
  switch (data.type) {
    case 'A':
    case 'AAAA':
      return `${name} ${data.type} ${data.address}`;
    case 'TXT':
      return `${name} TXT ${data.texts.map((text) => JSON.stringify(text)).join(' ')}`;
    case 'SRV':
      return `${name} SRV ${data.priority} ${data.weight} ${data.port} ${data.target}`;
    case 'SOA':
      return `${name} SOA ${data.primary} ${data.mailbox}`;
    case 'opaque':
      return `${name} TYPE${data.code}`;
    default:
      return `${name} ${data.type} ${data.target}`;
  }
}
