import { Observable } from 'rxjs';
import type { LiveArea, LiveChange } from '../state/index.js';

/** Keys that are there while the server that put them is: who is known to be alive, and by whom. */
export interface Liveness {
  /** Puts a key of this server; it is put anew when it was lost while this server was out of touch. Resolves when others see it. */
  put(key: string, value: string): Promise<void>;
  /** Takes a key of this server away. */
  remove(key: string): Promise<void>;
  /** What is there below `prefix` (keys come without it), once it is known, and then each change of it in order. */
  watch$(prefix: string): Observable<LiveChange>;
}

/** Liveness over the live area of the state's engine. Keys of all servers stand side by side: put the server's name into them. */
export function createLiveness(live: LiveArea): Liveness {
  return {
    put: (key, value) => live.put(key, value),
    remove: (key) => live.remove(key),
    watch$: (prefix) =>
      new Observable((subscriber) =>
        live.watch((change) => {
          const own = below(prefix, change);
          if (own) subscriber.next(own);
        }),
      ),
  };
}

function below(prefix: string, change: LiveChange): LiveChange | undefined {
  if (change.type === 'gone')
    return change.key.startsWith(prefix) ? { type: 'gone', key: change.key.slice(prefix.length) } : undefined;
  const entries = (change.type === 'all' ? change.entries : [change.entry])
    .filter(({ key }) => key.startsWith(prefix))
    .map((entry) => ({ ...entry, key: entry.key.slice(prefix.length) }));
  if (change.type === 'all') return { type: 'all', entries };
  return entries[0] && { type: 'put', entry: entries[0] };
}
