import { type LinkRequest, type LinkResponse, NotSent, type ServerLink } from '../../cluster/index.js';
import { AppError, type Clock } from '../../core/index.js';

/** As long as a server may be away without a caller being told: one that restarts, or fails and is replaced (`rpc_hold_timeout`). */
export const HOLD_MS = 7_000;
/** Between two attempts while the servers seem to be there. */
const RETRY_MS = 100;

export interface AskOptions {
  /** Waits for servers that have just gone, instead of failing at once. */
  readonly holds: boolean;
}

/** The servers, for requests: with patience when none is there, and with the word on whether one is. */
export interface ServerAccess {
  /** As `ServerLink.request`; AppError('unavailable') in Consul's words when no server is there. */
  request(request: LinkRequest, options: AskOptions): Promise<LinkResponse>;
  readonly isReachable: boolean;
  /** How often the link to a server was lost. */
  readonly linksLost: number;
  /** Resolves when a server is there, when the signal aborts, or after a time. */
  untilReachable(signal: AbortSignal, timeoutMs: number): Promise<void>;
  /** Tells when a server is there that was not before. Returns what ends the watch. */
  onReachable(listener: () => void): () => void;
  close(): void;
}

/** Follows a link. */
export function createServerAccess(link: Pick<ServerLink, 'request' | 'state$'>, clock: Clock): ServerAccess {
  let serverId: string | undefined;
  let problem: AppError | undefined;
  let lostAtMs = clock.now();
  let linksLost = 0;
  const listeners = new Set<() => void>();
  const subscription = link.state$.subscribe((state) => {
    const before = serverId;
    serverId = state.kind === 'joined' ? state.server.id : undefined;
    problem = state.kind === 'searching' ? state.problem : undefined;
    if (before !== undefined && serverId === undefined) {
      lostAtMs = clock.now();
      if (state.kind === 'searching') linksLost += 1;
    }
    if (serverId !== undefined && serverId !== before) for (const listener of [...listeners]) listener();
  });

  const untilReachable = (signal: AbortSignal, timeoutMs: number): Promise<void> =>
    new Promise((resolve) => {
      const end = (): void => {
        cancel();
        listeners.delete(end);
        signal.removeEventListener('abort', end);
        resolve();
      };
      const cancel = clock.after(timeoutMs, end);
      listeners.add(end);
      signal.addEventListener('abort', end, { once: true });
      if (signal.aborted) end();
    });

  return {
    get isReachable() {
      return serverId !== undefined;
    },
    get linksLost() {
      return linksLost;
    },
    untilReachable,
    async request(request, { holds }) {
      const signal = request.signal ?? new AbortController().signal;
      const startedMs = clock.now();
      for (;;) {
        try {
          return await link.request(request);
        } catch (thrown) {
          const error = AppError.from(thrown);
          if (error.code !== 'unavailable' || signal.aborted || mayBeDone(request, error)) throw error;
          const isLost = serverId === undefined;
          const leftMs = (isLost ? lostAtMs : startedMs) + HOLD_MS - clock.now();
          if (!holds || leftMs <= 0 || isRead(request)) throw noServers(problem ?? error);
          await untilReachable(signal, isLost ? leftMs : Math.min(leftMs, RETRY_MS));
        }
      }
    },
    onReachable(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    close: () => subscription.unsubscribe(),
  };
}

const NO_SERVERS = 'No known Consul servers';

/** What Consul's agents say, and why. */
const noServers = (reason: AppError): AppError =>
  reason.message.startsWith(NO_SERVERS)
    ? reason
    : new AppError('unavailable', `${NO_SERVERS}: ${reason.message}`, { cause: reason });

/** A write that a server may have got is never sent again. */
const mayBeDone = ({ method }: LinkRequest, error: AppError): boolean =>
  method !== 'GET' && !(error instanceof NotSent) && !error.message.startsWith(NO_SERVERS);

/** A body that was read as it came is gone. */
const isRead = ({ body }: LinkRequest): boolean =>
  body !== undefined && !(body instanceof Uint8Array) && body.readableDidRead;
