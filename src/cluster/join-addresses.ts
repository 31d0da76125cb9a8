import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import { formatHostPort, parseHostPort } from '../core/index.js';

/** Consul's serf_lan port: what a join address without one means. */
const DEFAULT_PORT = 8301;

/** All addresses of a name. Rejects when there are none. */
export type Resolve = (host: string) => Promise<readonly string[]>;

export const systemResolve: Resolve = async (host) => {
  const found = await lookup(host, { all: true });
  return found.map(({ address }) => address);
};

/**
 * Join addresses (`host`, `host:port`, `[v6]:port`, bare IPv6) as `address:port`, names by all their addresses; what does not
 * resolve is told to `problem` and left out.
 */
export async function resolveJoinAddresses(
  given: readonly string[],
  resolve: Resolve,
  problem: (message: string) => void,
): Promise<string[]> {
  const lists = await Promise.all(
    given.map(async (text) => {
      const { host, port } = parts(text);
      if (isIP(host) !== 0) return [formatHostPort({ host, port })];
      try {
        const found = await resolve(host);
        return found.map((address) => formatHostPort({ host: address, port }));
      } catch (thrown) {
        problem(`join address "${text}" does not resolve (${(thrown as NodeJS.ErrnoException).code ?? 'no answer'})`);
        return [];
      }
    }),
  );
  return [...new Set(lists.flat())];
}

function parts(text: string): { readonly host: string; readonly port: number } {
  const bare = text.replace(/^\[([^\]]*)\]$/, '$1');
  if (isIP(bare) === 6) return { host: bare, port: DEFAULT_PORT };
  return parseHostPort(text) ?? { host: text, port: DEFAULT_PORT };
}
