import type { ServerAccess } from '../http/server-access.js';
import { AppError, type Clock } from '../../core/index.js';

const TIMEOUT_MS = 10_000;
const LARGEST_ANSWER_BYTES = 64 * 1_048_576;

/** A JSON answer of a server's API. */
export interface JsonAnswer {
  readonly status: number;
  /** `X-Consul-Index`; 0 = none. */
  readonly index: number;
  readonly json: unknown;
}

export interface JsonQuestion {
  readonly method: 'GET' | 'PUT';
  readonly path: string;
  readonly body?: unknown;
  /** Asks with this token instead of the agent's own; empty = with the agent's own. */
  readonly token?: string;
  /** Ends it; without one it ends after 10 s. */
  readonly signal?: AbortSignal;
}

/** Asks servers as this agent itself: with its own token, where none is named. */
export type AskServers = (question: JsonQuestion) => Promise<JsonAnswer>;

/**
 * What asks the servers' API for JSON. AppError('unavailable') when none is there or none answers in time; a refusal of what was
 * asked is AppError('invalidArgument') with the server's text.
 */
export function createAskServers(servers: ServerAccess, clock: Clock, token: () => string): AskServers {
  return async ({ method, path, body, token: given, signal }) => {
    const limit = new AbortController();
    const cancel = signal === undefined ? clock.after(TIMEOUT_MS, () => limit.abort()) : (): void => undefined;
    try {
      const own = given || token();
      const response = await servers.request(
        {
          method,
          path,
          headers: {
            ...(own === '' ? {} : { 'x-consul-token': own }),
            ...(body === undefined ? {} : { 'content-type': 'application/json' }),
          },
          ...(body === undefined ? {} : { body: Buffer.from(JSON.stringify(body)) }),
          signal: signal ?? limit.signal,
        },
        { holds: false },
      );
      return answerOf(response.status, response.rawHeaders, await textOf(response.body));
    } catch (thrown) {
      if (limit.signal.aborted)
        throw new AppError('unavailable', 'the servers did not answer in time', { cause: thrown });
      throw thrown;
    } finally {
      cancel();
    }
  };
}

function answerOf(status: number, rawHeaders: readonly string[], text: string): JsonAnswer {
  if (status >= 500 || status === 429)
    throw new AppError('unavailable', text.trim() || `a server answered with status ${status}`);
  if (status >= 400 && status !== 404) throw new AppError('invalidArgument', text.trim());
  const at = rawHeaders.findIndex((name, position) => position % 2 === 0 && name.toLowerCase() === 'x-consul-index');
  try {
    const json: unknown = text === '' || status === 404 ? undefined : JSON.parse(text);
    return { status, index: at < 0 ? 0 : Number(rawHeaders[at + 1]) || 0, json };
  } catch (thrown) {
    throw new AppError('unavailable', 'the answer of a server is not JSON', { cause: thrown });
  }
}

async function textOf(body: AsyncIterable<Buffer>): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of body) {
    size += chunk.length;
    if (size > LARGEST_ANSWER_BYTES) throw new AppError('tooLarge', 'the answer of a server is too long');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks, size).toString('utf8');
}
