import type { LocalService } from '../../agent/index.js';
import { type Coordinate, ORIGIN } from '../../core/index.js';
import { mergeCentralConfig } from '../../discovery/catalog/index.js';
import type { ServerMember } from '../../discovery/operator/index.js';
import { configEntryListCell, configEntryListKey } from '../../discovery/config/index.js';
import { coordinateKey, type RequestLimitEntry } from '../../model/index.js';
import type { StateStore } from '../../state/index.js';

/** What the endpoints of an agent itself need of the state: a server has it, a client agent knows it from its servers. */
export interface AgentKnowledge {
  /** Nothing is answered before. */
  readonly ready: Promise<unknown>;
  /** A local service as it looks with central configuration, which is how the agent shows it. */
  merged(service: LocalService): LocalService;
  /** Tells when something may have changed that is merged into services. Returns what ends the watch. */
  onCentralChange(listener: () => void): () => void;
  /** Where this node is. */
  coordinate(): Coordinate;
  /** The limits of requests that stand in the state: now, and at every change. Returns what ends the watch. */
  watchLimits(listener: (entries: readonly RequestLimitEntry[]) => void): () => void;
  /** Of a server: the servers of its datacenter, itself among them, and the index of its state. */
  readonly asServer?: () => { readonly servers: readonly ServerMember[]; readonly index: number };
}

/** A server knows it all. */
export function knowledgeOf(store: StateStore, node: string, servers: () => readonly ServerMember[]): AgentKnowledge {
  return {
    ready: store.ready,
    asServer: () => ({ servers: servers(), index: store.index }),
    merged: (service) => mergeCentralConfig(store.view, service),
    onCentralChange(listener) {
      const subscription = store.commits$.subscribe(({ changes }) => {
        if (changes.some(({ table }) => table === 'config-entries')) listener();
      });
      return () => subscription.unsubscribe();
    },
    coordinate: () => store.view.get('coordinates', coordinateKey(node, ''))?.coordinate ?? ORIGIN,
    watchLimits: (listener) =>
      store.subscribe(configEntryListCell, configEntryListKey('control-plane-request-limit'), (records) =>
        listener(records.flatMap(({ entry }) => (entry.kind === 'control-plane-request-limit' ? [entry] : []))),
      ),
  };
}
