import { AppError } from '../../core/index.js';
import { type DnsCounters, type DnsDeps, newCounters } from './dns-deps.js';
import type { Door } from './doors/door.js';
import { openTcpDoor } from './doors/tcp-door.js';
import { openUdpDoor } from './doors/udp-door.js';
import { createReverseIndex } from './lookup/index.js';
import { createRecursor } from './recursion/recursor.js';
import { createResponder } from './responder.js';

export interface DnsServer {
  /** Opens a port over UDP and TCP. Resolves with the real port when 0 was asked for. Throws AppError('portTaken' | 'unavailable'). */
  listen(at: { readonly host: string; readonly port: number }): Promise<{ readonly port: number }>;
  readonly counters: Readonly<DnsCounters>;
  close(): Promise<void>;
}

/** How often another port is tried when any will do and the one found is free over UDP only. */
const TRIES_OF_ANY_PORT = 10;

/** Creates the DNS edge of an agent (consul-behaviour 9). */
export function createDnsServer(deps: DnsDeps): DnsServer {
  const counters = newCounters();
  const reverse = createReverseIndex(deps.store);
  const recursor = createRecursor({ ...deps, counters });
  const respond = createResponder(deps, { recursor, reverse, counters });
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
      reverse.close();
      await Promise.all(doors.splice(0).map((door) => door.close()));
    },
  };
}
