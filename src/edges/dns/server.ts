import { AppError } from '../../core/index.js';
import { type DnsCounters, type DnsDeps, type DnsEdgeDeps, newCounters } from './dns-deps.js';
import type { Door } from './doors/door.js';
import { openTcpDoor } from './doors/tcp-door.js';
import { openUdpDoor } from './doors/udp-door.js';
import { createReverseIndex } from './lookup/index.js';
import { createRecursor, type Transport } from './recursion/recursor.js';
import { createResponder, type OwnNames, ownNamesOf, type Respond } from './responder.js';

export interface DnsServer {
  /** Opens a port over UDP and TCP. Resolves with the real port when 0 was asked for. Throws AppError('portTaken' | 'unavailable'). */
  listen(at: { readonly host: string; readonly port: number }): Promise<{ readonly port: number }>;
  /** Answers a message that another agent has relayed; undefined = none. */
  readonly respond: Respond;
  readonly counters: Readonly<DnsCounters>;
  close(): Promise<void>;
}

/** How often another port is tried when any will do and the one found is free over UDP only. */
const TRIES_OF_ANY_PORT = 10;

/** Creates the DNS edge of a server (consul-behaviour 9). */
export function createDnsServer(deps: DnsDeps): DnsServer {
  const reverse = createReverseIndex(deps.store);
  return openDns(deps, ownNamesOf(deps, reverse), () => reverse.close());
}

/** Answers a query about the domain or about an address; undefined = nobody can. Never rejects. */
export type RelayDns = (message: Buffer, transport: Transport, from: string) => Promise<Buffer | undefined>;

/** Creates the DNS edge of a client agent: names of the domain are the servers' to answer, others are asked of its own recursors. */
export function createRelayDnsServer(deps: DnsEdgeDeps, relay: RelayDns): DnsServer {
  const ask: OwnNames['ofAddress'] = ({ packet, transport, from }) => relay(packet, transport, from);
  return openDns(deps, { current: () => undefined, ofDomain: ask, ofAddress: ask }, () => undefined);
}

function openDns(deps: DnsEdgeDeps, own: OwnNames, closeOwn: () => void): DnsServer {
  const counters = newCounters();
  const recursor = createRecursor({ ...deps, counters });
  const respond = createResponder(deps, { recursor, own, counters });
  const doors: Door[] = [];

  const openBoth = async (host: string, port: number): Promise<{ readonly port: number }> => {
    const udp = await openUdpDoor(respond, host, port);
    try {
      const tcp = await openTcpDoor(respond, host, udp.port, { clock: deps.clock, counters });
      doors.push(udp, tcp);
      return { port: udp.port };
    } catch (thrown) {
      await udp.close();
      throw thrown;
    }
  };

  return {
    counters,
    respond,
    async listen({ host, port }) {
      for (let tries = 1; ; tries++) {
        try {
          return await openBoth(host, port);
        } catch (thrown) {
          if (port !== 0 || tries >= TRIES_OF_ANY_PORT || AppError.from(thrown).code !== 'portTaken') throw thrown;
        }
      }
    },
    async close() {
      closeOwn();
      await Promise.all(doors.splice(0).map((door) => door.close()));
    },
  };
}
