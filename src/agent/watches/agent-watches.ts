import { type Clock, deepEqual } from '../../core/index.js';
import { follow } from '../../watches/index.js';
import type { WatchDefinition } from '../config/index.js';
import { runHandler } from './handlers.js';
import type { OwnApi } from './own-api.js';

export interface WatchLogger {
  debug(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

export interface AgentWatches {
  /** Takes in the watches of a configuration: those that are there already go on as they are, others begin or end. */
  configure(definitions: readonly WatchDefinition[]): void;
  /** Ends all of them, with the programs they have started. */
  close(): void;
}

interface Parts {
  readonly api: OwnApi;
  readonly clock: Clock;
  /** The token of watches that have none of their own. */
  readonly token: () => string;
  readonly logger: WatchLogger;
}

interface Running {
  readonly definition: WatchDefinition;
  readonly stop: AbortController;
}

/** The watches of this agent. None runs before `configure`. */
export function createAgentWatches(parts: Parts): AgentWatches {
  let running: readonly Running[] = [];
  return {
    configure(definitions) {
      const left = [...running];
      const next = definitions.map((definition): Running => {
        const at = left.findIndex((one) => deepEqual(one.definition.options, definition.options));
        const [same] = at < 0 ? [] : left.splice(at, 1);
        return same ?? start(definition, parts);
      });
      for (const { stop } of left) stop.abort();
      running = next;
    },
    close() {
      for (const { stop } of running) stop.abort();
      running = [];
      parts.api.close();
    },
  };
}

function start(definition: WatchDefinition, { api, clock, token, logger }: Parts): Running {
  const stop = new AbortController();
  const { signal } = stop;
  const { options, handler } = definition;
  const view = {
    ...definition.view,
    query: { ...definition.view.query, ...(options.datacenter === '' ? {} : { dc: options.datacenter }) },
  };
  const facts = { type: options.type };
  void follow((asked) => api.ask({ ...asked, token: options.token || token(), signal }), view, {
    async onSeen(seen) {
      if (signal.aborted) return false;
      const { problem, output } = await runHandler(handler, seen, { clock, byHash: view.byHash === true, signal });
      if (signal.aborted) return false;
      if (problem !== '') logger.error({ ...facts, output }, `the handler of a watch failed: ${problem}`);
      else logger.debug({ ...facts, output }, 'the handler of a watch has run');
      return true;
    },
    onFailure(thrown, retryMs) {
      if (signal.aborted) return false;
      const reason = thrown instanceof Error ? thrown.message : String(thrown);
      logger.warn(facts, `a watch got no answer, and asks again in ${retryMs / 1_000} s: ${reason}`);
      return true;
    },
    refusal: (status, text) => new Error(`${status} ${text.slice(0, 500)}`),
    pause: (ms) => pause(clock, ms, signal),
  });
  return { definition, stop };
}

/** Until the time is over or the signal aborts. */
function pause(clock: Clock, ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const end = (): void => {
      cancel();
      signal.removeEventListener('abort', end);
      resolve();
    };
    const cancel = clock.after(ms, end);
    if (signal.aborted) end();
    else signal.addEventListener('abort', end, { once: true });
  });
}
