import { canonicalIp, jsonKey, jsonKeyInput } from '../../../core/index.js';
import { entryOf, isHttpLike, protocolOf, trustDomainOf } from '../../../mesh/discovery-chain/index.js';
import type { Cell } from '../../../model/index.js';

/** One address outside the mesh by which a service with a `Destination` is called (consul-behaviour 4.1). */
export interface DestinationAddress {
  readonly service: string;
  /** An IP address or a host name in lower case. */
  readonly address: string;
  readonly isIp: boolean;
  readonly port: number;
  readonly protocol: string;
  /** Name of the cluster of the gateways that lead there, and the SNI by which they know where to go. */
  readonly cluster: string;
}

interface DestinationInput {
  readonly service: string;
  readonly datacenter: string;
}

export const destinationKey = (input: DestinationInput): string => jsonKey(input);

/** The addresses of a service outside the mesh, as its service-defaults list them; none of any other. Key: `destinationKey`. */
export const destinationAddressesCell: Cell<readonly DestinationAddress[]> = {
  kind: 'destination-addresses',
  compute(view, key) {
    const { service, datacenter } = jsonKeyInput<DestinationInput>(key);
    const destination = entryOf(view, 'service-defaults', service)?.destination;
    const trustDomain = trustDomainOf(view);
    if (destination === undefined || trustDomain === '') return [];
    const protocol = protocolOf(view, service);
    return destination.addresses.map((given) => {
      const ip = canonicalIp(given);
      const label = given.toLowerCase().replace(/[.:]/g, '-');
      return {
        service,
        address: ip ?? given.toLowerCase(),
        isIp: ip !== undefined,
        port: destination.port,
        protocol,
        cluster: `destination.${label}.${service}.default.${datacenter}.internal.${trustDomain}`,
      };
    });
  },
};

/** Whether requests to an address are told apart by host, all those to one port in one place. */
export const isHttpAddress = ({ protocol }: DestinationAddress): boolean => isHttpLike(protocol);

/** Name of what all HTTP addresses at one port have in common (consul-behaviour 6.1): `destination.<port>.~http.…`. */
export const sharedPortName = (port: number, datacenter: string, trustDomain: string): string =>
  `destination.${port}.~http.default.${datacenter}.internal.${trustDomain}`;
