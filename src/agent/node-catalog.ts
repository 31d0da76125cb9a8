import type { ExposingProxy } from './check-exposure.js';
import type { Aliased, CheckResult } from './checks/index.js';
import type { LocalCheck, LocalService } from './local-agent.js';

/**
 * One thing of this node to bring into the catalog; without a service or check it is to go from there. `token` is that of its
 * registration; empty = it has none, and the agent's own does.
 */
export type CatalogChange =
  | { readonly kind: 'node' }
  | {
      readonly kind: 'service';
      readonly id: string;
      readonly service: LocalService | undefined;
      readonly token: string;
    }
  | { readonly kind: 'check'; readonly id: string; readonly check: LocalCheck | undefined; readonly token: string };

/** What the catalog has of this node. */
export interface StoredNode {
  readonly serviceIds: readonly string[];
  readonly checkIds: readonly string[];
}

/**
 * What the local part of an agent needs of the catalog. A server has the state itself, a client agent asks its servers.
 * Only this agent's own node is ever read or written.
 */
export interface NodeCatalog {
  /** AppError('unavailable') when nobody can say. */
  read(): Promise<StoredNode>;
  /**
   * Brings changes into the catalog, as many as can be: one that is refused keeps no other out. Tags of services that leave them
   * to the catalog (`enable_tag_override`) stay as they are there. Returns what was refused, as sentences; never rejects.
   */
  write(changes: readonly CatalogChange[]): Promise<readonly string[]>;
  /**
   * The catalog may have lost what it had: a restore, or servers that are there again. Where many agents hear of the same, each is
   * told in a moment of its own. Returns what ends the watch.
   */
  onResync(listener: () => void): () => void;
  /** The proxies of this node that expose checks: now, and at every change. Returns what ends the watch. */
  watchExposing(listener: (proxies: readonly ExposingProxy[]) => void): () => void;
  /** The health of a service of another node, or of that node. Returns what ends the watch. */
  watchHealth(aliased: Aliased, listener: (result: CheckResult) => void): () => void;
  /** Nodes in the datacenter: the more there are, the rarer everything is compared. */
  nodeCount(): number;
}
