import type { LocalService } from '../../agent/index.js';
import type { Clock } from '../../core/index.js';
import { followQuery, withIndex } from '../follow-query.js';
import type { AskServers } from './ask-servers.js';
import { readService } from './node-wire.js';

/** What the servers say of this node's services with their central configuration, kept up to date while servers are there. */
export interface NodeWatch {
  /** A local service as it looks with central configuration, as far as that is known for what it is now. */
  merged(service: LocalService): LocalService;
  /** Of all services that are known, as they are there. */
  readonly services: ReadonlyMap<string, LocalService>;
  /** Tells of every change. Returns what ends the watch. */
  onChange(listener: () => void): () => void;
  close(): void;
}

/** Follows `catalog/node-services` of a node. */
export function watchNode(ask: AskServers, node: string, clock: Clock): NodeWatch {
  const listeners = new Set<() => void>();
  const end = new AbortController();
  const path = `/v1/catalog/node-services/${encodeURIComponent(node)}?merge-central-config`;
  let services: ReadonlyMap<string, LocalService> = new Map();
  void followQuery({
    clock,
    signal: end.signal,
    ask: (index) => ask({ method: 'GET', path: withIndex(path, index), signal: end.signal }),
    onAnswer({ json }) {
      const rows = (json as { Services?: readonly unknown[] | null } | undefined)?.Services ?? [];
      const read = rows.map((row) => readService(node, row)).filter((service) => service !== undefined);
      services = new Map(read.map((service) => [service.id, service]));
      for (const listener of [...listeners]) listener();
    },
  });
  return {
    get services() {
      return services;
    },
    merged(service) {
      const known = service.kind === '' ? undefined : services.get(service.id);
      return known?.proxy !== undefined && isSame(service, known) ? { ...service, proxy: known.proxy } : service;
    },
    onChange(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    close: () => end.abort(),
  };
}

/** Whether what the servers know is of this registration, and not of one before it. */
function isSame(local: LocalService, known: LocalService): boolean {
  const [here, there] = [local.proxy, known.proxy];
  if (local.service !== known.service || local.port !== known.port || local.address !== known.address) return false;
  if (here === undefined || there === undefined) return true;
  const upstreamsThere = new Set(there.upstreams.map(({ destinationName }) => destinationName));
  return (
    here.destinationServiceName === there.destinationServiceName &&
    here.destinationServiceId === there.destinationServiceId &&
    here.localServiceAddress === there.localServiceAddress &&
    here.localServicePort === there.localServicePort &&
    here.upstreams.every(({ destinationName }) => upstreamsThere.has(destinationName)) &&
    Object.keys(here.config).every((key) => JSON.stringify(here.config[key]) === JSON.stringify(there.config[key]))
  );
}
