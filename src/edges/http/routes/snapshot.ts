import { formatDurationMs } from '../../../core/index.js';
import { restoreSnapshot, takeSnapshot } from '../../../discovery/snapshots/index.js';
import { decodeConfigEntry } from '../../../model/index.js';
import { readConsistency } from '../consistency.js';
import { json } from '../answers.js';
import { readFlag } from '../read-flag.js';
import type { AclRequirement, ApiAnswer, ApiRequest, Route } from '../route.js';

/** A snapshot holds every secret of the state: whoever may have it may do anything (consul-behaviour.md 1.11). */
const everything: AclRequirement = { resource: 'acl', access: 'write', scope: 'any' };

const look: AclRequirement = { resource: 'operator', access: 'read', scope: 'any' };

/** Saving and restoring the whole state; and, of our own, what has become of the servers' backups (docs/operations.md). */
export const snapshotRoutes: readonly Route[] = [
  { method: 'GET', path: '/v1/snapshot', acl: everything, blocking: false, handle: save },
  { method: 'PUT', path: '/v1/snapshot', acl: everything, blocking: false, handle: restore },
  { method: 'GET', path: '/v1/mesh/backups', acl: look, blocking: false, handle: showBackups },
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
  const { deps, config } = request;
  const { meta, index } = await restoreSnapshot(deps.store, request.stream(), {
    datacenter: config.datacenter,
    force: readFlag(request.query, 'force'),
    configured: () => config.bootstrapEntries.map((body) => decodeConfigEntry(body, { hclBlocks: true })),
  });
  deps.logger.warn(
    { snapshot: meta.id, savedAt: meta.createdAt, from: `${meta.datacenter}/${meta.node}`, index },
    'the state was replaced by a snapshot',
  );
  return { headers: { 'Content-Type': 'application/octet-stream' } };
}

function showBackups({ deps }: ApiRequest): ApiAnswer {
  const report = deps.backups?.();
  if (!report) return json({ Configured: false });
  const { place, intervalMs, retain, server, newest, failure } = report;
  return json({
    Configured: true,
    Place: place,
    Interval: formatDurationMs(intervalMs),
    Retain: retain,
    Server: server,
    Newest: newest ? { Name: newest.name, At: new Date(newest.atMs).toISOString(), SizeBytes: newest.sizeBytes } : null,
    Failure: failure ? { At: new Date(failure.atMs).toISOString(), Error: failure.message } : null,
  });
}
