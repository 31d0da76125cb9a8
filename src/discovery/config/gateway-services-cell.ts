import { type GatewayService, gatewayServicesCell } from '../../mesh/gateways/index.js';
import type { Cell } from '../../model/index.js';
import { readTableIndex } from './guard-family.js';

/** The services of a gateway as clients ask for them: like `gatewayServicesCell`, with the index of all entries. Key: its name. */
export const gatewayServicesQueryCell: Cell<readonly GatewayService[]> = {
  kind: 'gateway-services-query',
  compute: (view, gateway) => {
    readTableIndex(view);
    return view.cell(gatewayServicesCell, gateway);
  },
};

/** In Consul's spelling; what a kind of gateway does not have is left out. */
export function encodeGatewayService(row: GatewayService): Record<string, unknown> {
  const given: readonly (readonly [name: string, value: string | number | boolean | readonly string[]])[] = [
    ['Port', row.port],
    ['Protocol', row.protocol],
    ['Hosts', row.hosts],
    ['CAFile', row.caFile],
    ['CertFile', row.certFile],
    ['KeyFile', row.keyFile],
    ['SNI', row.sni],
    ['FromWildcard', row.fromWildcard],
    ['ServiceKind', row.serviceKind],
    ['AutoHostRewrite', row.autoHostRewrite],
  ];
  return {
    Gateway: { Name: row.gateway },
    Service: { Name: row.service },
    GatewayKind: row.gatewayKind,
    ...Object.fromEntries(given.filter(([, value]) => (Array.isArray(value) ? value.length > 0 : Boolean(value)))),
  };
}
