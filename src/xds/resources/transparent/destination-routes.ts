import { entryOf } from '../../../mesh/discovery-chain/index.js';
import { packAny } from '../../envoy-api/index.js';
import type { Builder } from '../builder.js';
import { type DestinationAddress, isHttpAddress } from './destination-addresses.js';
import { transparentDestinationsCell } from './transparent-destinations.js';
import { type TransparentInput, transparentKey } from './transparent-input.js';

export interface DestinationRoutesInput extends TransparentInput {
  readonly name: string;
  readonly destinationPort: number;
}

/** Ports that clients leave out of `Host`. */
const IMPLIED_PORTS: ReadonlySet<number> = new Set([80, 443]);

/** All HTTP addresses outside the mesh that a caller may call at one port: a virtual host for each (consul-behaviour 6.4). */
export const destinationRoutes: Builder<DestinationRoutesInput> = (view, { name, destinationPort, ...input }) => {
  const { addresses } = view.cell(transparentDestinationsCell, transparentKey(input));
  const here = addresses.filter((address) => address.port === destinationPort && isHttpAddress(address));
  const validate = entryOf(view, 'mesh', 'mesh')?.validateClusters ?? false;
  const any = packAny('envoy.config.route.v3.RouteConfiguration', {
    name,
    virtual_hosts: here.map((address) => ({
      name: address.cluster,
      domains: domainsOf(address),
      routes: [{ match: { prefix: '/' }, route: { cluster: address.cluster } }],
    })),
    ...(validate ? { validate_clusters: { value: true } } : {}),
  });
  return {
    name,
    any,
    leadsTo: here.map(({ cluster }) => cluster),
    entries: [...new Set(here.map(({ service }) => `service-defaults/${service}`))],
  };
};

function domainsOf({ address, isIp, port }: DestinationAddress): string[] {
  const host = isIp && address.includes(':') ? `[${address}]` : address;
  return IMPLIED_PORTS.has(port) ? [host] : [host, `${host}:${port}`];
}
