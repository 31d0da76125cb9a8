import type { Cell, MeshView } from '../../model/index.js';

/** What an entry of a gateway says instead of a name: every service that its wildcard stands for. */
export const EVERY_SERVICE = '*';

/** The servers themselves, which no gateway leads to by a wildcard. */
export const SERVERS = 'consul';

/** Services that have an instance which is no proxy and no gateway: what wildcards of gateways see. Sorted. Key: ''. */
export const plainServicesCell: Cell<readonly string[]> = {
  kind: 'plain-services',
  compute: (view) => {
    const names = view.range('services', 'byKind', ['']).map(({ service }) => service);
    return [...new Set(names)].filter((name) => name !== SERVERS).sort();
  },
};

/** Whether wildcards of gateways see a service. */
export function isPlainService(view: MeshView, service: string): boolean {
  return service !== SERVERS && view.range('services', 'byName', [service]).some(({ kind }) => kind === '');
}
