import { Agent, request } from 'undici';
import type { WatchAnswer, WatchQuery } from '../../watches/index.js';

/** Where the agent's own API is. */
export interface ApiPlace {
  /** `http://127.0.0.1:8500`; of a Unix socket any host. */
  readonly origin: string;
  readonly socketPath?: string;
}

export interface OwnApi {
  /** Rejects when there is no answer, or the signal aborts. */
  ask(asked: {
    readonly path: string;
    readonly query: WatchQuery;
    readonly token: string;
    readonly signal: AbortSignal;
  }): Promise<WatchAnswer>;
  close(): void;
}

/** A client for the API of this very agent: who answers is known, so that its certificate proves nothing more. */
export function createOwnApi(place: ApiPlace): OwnApi {
  const { origin, socketPath } = place;
  // A blocking query is answered when something changes, not after a time that a client could know.
  const waits = { headersTimeout: 0, bodyTimeout: 0 };
  const dispatcher = new Agent({
    ...waits,
    connect: { rejectUnauthorized: false, ...(socketPath === undefined ? {} : { socketPath }) },
  });
  return {
    async ask({ path, query, token, signal }) {
      const url = `${origin}${path}${queryText(query)}`;
      const headers = token === '' ? {} : { 'x-consul-token': token };
      const { statusCode, headers: answered, body } = await request(url, { dispatcher, headers, signal });
      return { status: statusCode, headers: answered, body: Buffer.from(await body.arrayBuffer()) };
    },
    close: () => void dispatcher.destroy(),
  };
}

function queryText(query: WatchQuery): string {
  const pairs = Object.entries(query).flatMap(([name, value]) =>
    (Array.isArray(value) ? value : [value]).map((one: unknown) =>
      one === true ? name : `${name}=${encodeURIComponent(String(one))}`,
    ),
  );
  return pairs.length === 0 ? '' : `?${pairs.join('&')}`;
}
