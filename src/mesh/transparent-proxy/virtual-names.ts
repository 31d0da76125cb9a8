import type { Cell } from '../../model/index.js';

/** The servers themselves: they are called by their own API only. */
const SERVERS = 'consul';

/** Every service that has a virtual IP: those in the mesh, and those that only entries speak of. Sorted. Key: ''. */
export const virtualNamesCell: Cell<readonly string[]> = {
  kind: 'virtual-names',
  compute: (view) =>
    view
      .range('virtual-ips', 'all', [])
      .map(({ service }) => service)
      .filter((service) => service !== '' && service !== SERVERS)
      .sort(),
};
