import { restoreSnapshot, takeSnapshot } from '../../../discovery/snapshots/index.js';
import { readConsistency } from '../consistency.js';
import type { AclRequirement, ApiAnswer, ApiRequest, Route } from '../route.js';

/** A snapshot holds every secret of the state: whoever may have it may do anything (consul-behaviour.md 1.11). */
const everything: AclRequirement = { resource: 'acl', access: 'write', scope: 'any' };

/** Saving and restoring the whole state. */
export const snapshotRoutes: readonly Route[] = [
  { method: 'GET', path: '/v1/snapshot', acl: everything, blocking: false, handle: save },
  { method: 'PUT', path: '/v1/snapshot', acl: everything, blocking: false, handle: restore },
];

async function save(request: ApiRequest): Promise<ApiAnswer> {
  const { store, clock } = request.deps;
  const { nodeName, datacenter } = request.config;
  const { mode } = readConsistency(request.query, false);
  if (mode !== 'stale') await store.barrier();
  const { index, file } = takeSnapshot(store, { node: nodeName, datacenter }, clock);
  return {
    stream: file,
    headers: {
      'Content-Type': 'application/x-gzip',
      'X-Consul-Index': String(index),
      'X-Consul-KnownLeader': 'true',
      'X-Consul-LastContact': '0',
    },
  };
}

async function restore(request: ApiRequest): Promise<ApiAnswer> {
  const { deps } = request;
  const { meta, index } = await restoreSnapshot(deps.store, request.stream());
  deps.logger.warn(
    { snapshot: meta.id, savedAt: meta.createdAt, from: `${meta.datacenter}/${meta.node}`, index },
    'the state was replaced by a snapshot',
  );
  return { headers: { 'Content-Type': 'application/octet-stream' } };
}
