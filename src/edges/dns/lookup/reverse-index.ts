import { canonicalIp } from '../../../core/index.js';
import type { NodeRecord, ServiceRecord } from '../../../model/index.js';
import type { Commit, StateStore } from '../../../state/index.js';

/** Which nodes and services are at an address. */
export interface ReverseIndex {
  /** The nodes at an address (in canonical form), in the order in which they came. */
  nodes(ip: string): readonly NodeRecord[];
  services(ip: string): readonly ServiceRecord[];
  close(): void;
}

type Changed = Commit['changes'][number];

/**
 * Nodes and services by address, for reverse names. Built when the first one is asked for, and kept up with every commit: a change
 * costs what it touches, however large the catalog is.
 */
export function createReverseIndex(store: StateStore): ReverseIndex {
  const nodes = new AddressTable<NodeRecord>();
  const services = new AddressTable<ServiceRecord>();
  let stop: (() => void) | undefined;
  const build = (): void => {
    if (stop) return;
    const subscription = store.commits$.subscribe(({ changes }) => {
      for (const change of changes) follow(change);
    });
    stop = () => subscription.unsubscribe();
    for (const row of store.view.range('nodes', 'all', [])) nodes.change(keyOf(row), undefined, row);
    for (const row of store.view.range('services', 'all', [])) services.change(keyOf(row), undefined, row);
  };
  const follow = ({ table, before, after }: Changed): void => {
    if (table === 'nodes') nodes.replace(before as NodeRecord | undefined, after as NodeRecord | undefined);
    if (table === 'services') services.replace(before as ServiceRecord | undefined, after as ServiceRecord | undefined);
  };
  return {
    nodes(ip) {
      build();
      return nodes.at(ip);
    },
    services(ip) {
      build();
      return services.at(ip);
    },
    close: () => stop?.(),
  };
}

interface Located {
  readonly node: string;
  readonly address: string;
  readonly id: string;
}

const keyOf = ({ node, id }: Located): string => `${node.toLowerCase()}\0${id}`;

class AddressTable<Row extends Located> {
  readonly #rows = new Map<string, Map<string, Row>>();

  at(ip: string): readonly Row[] {
    return [...(this.#rows.get(ip)?.values() ?? [])];
  }

  replace(before: Row | undefined, after: Row | undefined): void {
    const row = after ?? before;
    if (row) this.change(keyOf(row), before, after);
  }

  change(key: string, before: Row | undefined, after: Row | undefined): void {
    const [from, to] = [before && canonicalIp(before.address), after && canonicalIp(after.address)];
    if (before && from !== undefined && from !== to) {
      const rows = this.#rows.get(from);
      rows?.delete(keyOf(before));
      if (rows?.size === 0) this.#rows.delete(from);
    }
    if (!after || to === undefined) return;
    const rows = this.#rows.get(to) ?? new Map<string, Row>();
    this.#rows.set(to, rows.set(key, after));
  }
}
