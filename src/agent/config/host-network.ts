import { readFileSync } from 'node:fs';
import { networkInterfaces } from 'node:os';
import type { HostNetwork } from './address-template.js';

/** Destination and mask of a default route in the kernel's table. */
const ANYWHERE = '00000000';

/** The interfaces of this host, and that of its default route where the system shows it (Linux). */
export function hostNetwork(): HostNetwork {
  const defaultInterface = defaultRoute();
  return { interfaces: networkInterfaces(), ...(defaultInterface === undefined ? {} : { defaultInterface }) };
}

function defaultRoute(): string | undefined {
  let table: string;
  try {
    table = readFileSync('/proc/net/route', 'utf8');
  } catch {
    return undefined;
  }
  const routes = table.split('\n').map((line) => line.trim().split(/\s+/));
  return routes.find(([, destination, , , , , , mask]) => destination === ANYWHERE && mask === ANYWHERE)?.[0];
}
