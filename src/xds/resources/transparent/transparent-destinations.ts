import { jsonKeyInput } from '../../../core/index.js';
import type { Cell } from '../../../model/index.js';
import {
  type DestinationAddress,
  destinationAddressesCell,
  destinationKey,
  isHttpAddress,
} from './destination-addresses.js';
import type { TransparentInput } from './transparent-input.js';
import { transparentUpstreamsCell } from './transparent-upstreams.js';

export interface TransparentDestinations {
  /** No two are called alike: by port, and by host or address. */
  readonly addresses: readonly DestinationAddress[];
  /** Every port of one of them, in order. */
  readonly ports: readonly number[];
  /** Sentences about addresses that two services have. */
  readonly problems: readonly string[];
}

/** The addresses outside the mesh that an outbound side may call through gateways. Key: `transparentKey`. */
export const transparentDestinationsCell: Cell<TransparentDestinations> = {
  kind: 'transparent-destinations',
  compute(view, key) {
    const { datacenter } = jsonKeyInput<TransparentInput>(key);
    const owners = new Map<string, DestinationAddress>();
    const problems: string[] = [];
    for (const { service, isDestination } of view.cell(transparentUpstreamsCell, key)) {
      if (!isDestination) continue;
      for (const address of view.cell(destinationAddressesCell, destinationKey({ service, datacenter }))) {
        const called = `${isHttpAddress(address) ? 'http' : 'tcp'} ${address.address}:${address.port}`;
        const owner = owners.get(called);
        if (owner === undefined) owners.set(called, address);
        else if (owner.service !== service)
          problems.push(
            `destination ${service}: ${address.address}:${address.port} leads to ${owner.service}, which has it too; leave it to one of them`,
          );
      }
    }
    const addresses = [...owners.values()];
    const ports = [...new Set(addresses.map(({ port }) => port))].sort((left, right) => left - right);
    return { addresses, ports, problems };
  },
};
