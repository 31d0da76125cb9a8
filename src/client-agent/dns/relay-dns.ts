import type { ServerLink } from '../../cluster/index.js';
import type { Clock } from '../../core/index.js';
import type { RelayDns } from '../../edges/dns/index.js';

const KEPT_BYTES = 8 * 1_048_576;
const OVERHEAD_BYTES = 200;
const ID_BYTES = 2;
const HEADER_BYTES = 12;
const TYPE_AND_CLASS_BYTES = 4;
const NO_ERROR = 0;
const NX_DOMAIN = 3;
/** How old an answer of the cache may be when `cache_max_age` does not say. */
const CACHED_MS = 10_000;
/** A younger answer is not asked for again. */
const FRESH_MS = 1_000;

/** How a client agent's DNS uses its servers. */
export interface RelayDnsSettings {
  /** How the servers are to answer (`encodeDnsSettings`). */
  readonly sent: string;
  /** How old an answer may be when no server is there; 0 = nothing old is given. */
  readonly maxStaleMs: number;
  /** `dns_config.use_cache`: an answer that is not too old is given at once, and asked for again behind the client's back. */
  readonly useCache: boolean;
  /** `dns_config.cache_max_age`; 0 = 10 s. */
  readonly cacheMaxAgeMs: number;
}

export interface RelayDnsOptions {
  readonly link: Pick<ServerLink, 'dns'>;
  readonly clock: Clock;
  readonly settings: () => RelayDnsSettings;
}

interface Kept {
  readonly answer: Buffer;
  readonly atMs: number;
}

/**
 * Asks the servers, and keeps their last answers, bounded by their size, for the time when none is there: by name and type, and by
 * how long an answer may be.
 */
export function createRelayDns({ link, clock, settings }: RelayDnsOptions): RelayDns {
  const kept = new Map<string, Kept>();
  const underWay = new Set<string>();
  let keptBytes = 0;
  let keptFor = '';
  const drop = (key: string): void => {
    const found = kept.get(key);
    if (found === undefined) return;
    kept.delete(key);
    keptBytes -= sizeOf(key, found);
  };
  const keep = (key: string, answer: Buffer): void => {
    drop(key);
    const made = { answer, atMs: clock.now() };
    kept.set(key, made);
    keptBytes += sizeOf(key, made);
    for (const oldest of kept.keys()) {
      if (keptBytes <= KEPT_BYTES) break;
      drop(oldest);
    }
  };
  /** The kept answer to whoever asks now, when it is not older than this. */
  const given = (key: string, message: Buffer, maxAgeMs: number): Buffer | undefined => {
    const found = kept.get(key);
    if (found === undefined || clock.now() - found.atMs > maxAgeMs) return undefined;
    const answer = Buffer.from(found.answer);
    message.copy(answer, 0, 0, ID_BYTES);
    return answer;
  };

  return async (message, transport, from) => {
    const { sent, maxStaleMs, useCache, cacheMaxAgeMs } = settings();
    if (sent !== keptFor) for (const key of [...kept.keys()]) drop(key);
    keptFor = sent;
    const key = `${transport} ${questionOf(message)}`;
    const ask = async (): Promise<Buffer | undefined> => {
      const answer = await link.dns(message, { tcp: transport === 'tcp', clientAddress: from, settings: sent });
      if (answer.length < ID_BYTES) return undefined;
      if ([NO_ERROR, NX_DOMAIN].includes((answer[3] ?? 0) & 15)) keep(key, answer);
      return answer;
    };
    const cached = useCache ? given(key, message, cacheMaxAgeMs || CACHED_MS) : undefined;
    if (cached !== undefined) {
      if (given(key, message, FRESH_MS) === undefined && !underWay.has(key)) {
        underWay.add(key);
        void ask()
          .catch(() => undefined)
          .finally(() => underWay.delete(key));
      }
      return cached;
    }
    try {
      return await ask();
    } catch {
      return given(key, message, maxStaleMs);
    }
  };
}

/** Question and size of datagrams of a well-formed query. Other options, such as cookies, are new with each query. */
function questionOf(message: Buffer): string {
  let end = HEADER_BYTES;
  for (let length = message[end] ?? 0; length > 0; length = message[end] ?? 0) end += length + 1;
  end += 1 + TYPE_AND_CLASS_BYTES;
  // An OPT record: the root's name, its type, and the size where others have their class (RFC 6891).
  const size = message.readUInt16BE(10) > 0 && message.length >= end + 5 ? message.readUInt16BE(end + 3) : 0;
  return `${size} ${message.toString('latin1', HEADER_BYTES, end).toLowerCase()}`;
}

const sizeOf = (key: string, { answer }: Kept): number => OVERHEAD_BYTES + key.length + answer.length;
