import { AppError, ipVersion } from '../../core/index.js';
import { linkedGatewaysCell } from '../../mesh/gateways/index.js';
import { type MeshView, configEntryKey } from '../../model/index.js';
import type { Transaction } from '../../state/index.js';

/** Virtual IPs come from 240.0.0.0/4, in order; the first and last address are never given out. */
const FIRST = 0xf0000001;
const LAST = 0xfffffffe;
/** Key of the record that holds the last fresh address. */
const COUNTER = '';
const MAX_MANUAL_IPS = 8;

/** Kinds of entries that give a name a virtual IP even without instances (consul-behaviour.md 6.17). */
const NAMING_KINDS = [
  'service-router',
  'service-splitter',
  'service-resolver',
  'service-defaults',
  'service-intentions',
];

/**
 * The virtual IP of a service name, allocated in this transaction if it has none: a handed-back one first, else the next fresh
 * one. Throws `unavailable` when all are in use, `invalidArgument` for no name: its record is the counter.
 */
export function ensureVirtualIp(transaction: Transaction, service: string): string {
  if (service === COUNTER) throw new AppError('invalidArgument', 'a service without a name has no virtual IP');
  const known = transaction.get('virtual-ips', service);
  if (known !== undefined) return known.ip;
  const ip = takeFreeIp(transaction) ?? nextFreshIp(transaction);
  transaction.put('virtual-ips', { service, ip, manualIps: [] });
  return ip;
}

/** Hands the virtual IP of a name back when no mesh instance, no config entry of that name and no gateway leading to it is left. */
export function releaseVirtualIpIfUnused(transaction: Transaction, service: string): void {
  const known = transaction.get('virtual-ips', service);
  if (known === undefined || service === COUNTER || isVirtualIpNeeded(transaction, service)) return;
  transaction.delete('virtual-ips', service);
  transaction.put('free-virtual-ips', { ip: known.ip });
}

/** Whether something still needs a virtual IP for this name. */
function isVirtualIpNeeded(view: MeshView, service: string): boolean {
  if (NAMING_KINDS.some((kind) => view.get('config-entries', configEntryKey(kind, service)) !== undefined)) return true;
  if (view.range('services', 'byConnect', [service]).length > 0) return true;
  return view.cell(linkedGatewaysCell, service).length > 0;
}

/** What became of a wish for manual virtual IPs: whether the service is known, and which others had to give addresses up. */
export interface ManualVirtualIpOutcome {
  readonly found: boolean;
  readonly unassignedFrom: readonly string[];
}

/**
 * Sets the manual virtual IPs of a service; an address belongs to one service only, so others lose it. A service without a
 * virtual IP is left alone. Throws `invalidArgument` for anything but at most 8 IPv4 addresses.
 */
export function assignManualVirtualIps(
  transaction: Transaction,
  service: string,
  ips: readonly string[],
): ManualVirtualIpOutcome {
  if (ips.length > MAX_MANUAL_IPS)
    throw new AppError(
      'invalidArgument',
      `cannot associate more than ${MAX_MANUAL_IPS} manual virtual IPs with the same service`,
    );
  for (const ip of ips)
    if (ipVersion(ip) !== 4) throw new AppError('invalidArgument', `"${ip}" is not a valid IPv4 address`);
  const known = service === COUNTER ? undefined : transaction.get('virtual-ips', service);
  if (known === undefined) return { found: false, unassignedFrom: [] };
  const wanted = new Set(ips);
  const unassignedFrom: string[] = [];
  for (const other of transaction.range('virtual-ips', 'all', [])) {
    if (other.service === service || !other.manualIps.some((ip) => wanted.has(ip))) continue;
    unassignedFrom.push(other.service);
    const manualIps = other.manualIps.filter((ip) => !wanted.has(ip));
    transaction.put('virtual-ips', { service: other.service, ip: other.ip, manualIps });
  }
  transaction.put('virtual-ips', { service, ip: known.ip, manualIps: [...wanted] });
  return { found: true, unassignedFrom };
}

function takeFreeIp(transaction: Transaction): string | undefined {
  const free = transaction.range('free-virtual-ips', 'all', [])[0];
  if (free === undefined) return undefined;
  transaction.delete('free-virtual-ips', free.ip);
  return free.ip;
}

function nextFreshIp(transaction: Transaction): string {
  const last = transaction.get('virtual-ips', COUNTER);
  const next = last === undefined ? FIRST : (parseIpv4(last.ip) ?? LAST) + 1;
  if (next > LAST)
    throw new AppError('unavailable', 'all virtual IPs of 240.0.0.0/4 are in use; remove services that are not needed');
  const ip = formatIpv4(next);
  transaction.put('virtual-ips', { service: COUNTER, ip, manualIps: [] });
  return ip;
}

function parseIpv4(text: string): number | undefined {
  const parts = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/.exec(text)?.slice(1).map(Number);
  if (parts === undefined || parts.some((part) => part > 255)) return undefined;
  return parts.reduce((sum, part) => sum * 256 + part, 0);
}

function formatIpv4(value: number): string {
  return [24, 16, 8, 0].map((shift) => (value >>> shift) & 255).join('.');
}
