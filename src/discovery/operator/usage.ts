import type { Cell } from '../../model/index.js';

/** What is counted apart, in the order in which it is shown. */
const CONNECT_KINDS = [
  'api-gateway',
  'connect-native',
  'connect-proxy',
  'ingress-gateway',
  'mesh-gateway',
  'terminating-gateway',
] as const;

/** How much of everything there is in this datacenter (consul-behaviour.md 1.11). */
export interface Usage {
  readonly nodes: number;
  /** Different names. */
  readonly services: number;
  readonly serviceInstances: number;
  readonly connectInstances: Readonly<Record<(typeof CONNECT_KINDS)[number], number>>;
  /** Instances of users' services: without proxies, gateways and the servers themselves. */
  readonly billableInstances: number;
}

/** Key: ''. */
export const usageCell: Cell<Usage> = {
  kind: 'usage',
  compute(view) {
    const services = view.range('services', 'all', []);
    const count = (kind: string): number =>
      services.filter((service) => (kind === 'connect-native' ? service.connect.native : service.kind === kind)).length;
    return {
      nodes: view.range('nodes', 'all', []).length,
      services: new Set(services.map(({ service }) => service)).size,
      serviceInstances: services.length,
      connectInstances: Object.fromEntries(
        CONNECT_KINDS.map((kind) => [kind, count(kind)]),
      ) as Usage['connectInstances'],
      billableInstances: services.filter(({ kind, service }) => kind === '' && service !== 'consul').length,
    };
  },
};
