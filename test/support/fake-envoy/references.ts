import { contents, text } from './proto.js';
import type { FakeType } from './messages.js';

export interface FakeReference {
  readonly type: FakeType;
  readonly name: string;
}

const EDS = 3;

/** The names of other types that an Envoy asks for once it has this resource (the encoded `Any`). */
export function referencesOf(type: FakeType, any: Buffer): FakeReference[] {
  const message = contents(any, 2)[0] ?? Buffer.alloc(0);
  if (type === 'cluster') return clusterReferences(message);
  if (type === 'listener') return listenerReferences(message);
  return [];
}

/** The name inside the resource, which is what an Envoy goes by for clusters and listeners. */
export function innerName(any: Buffer): string {
  return text(contents(any, 2)[0] ?? Buffer.alloc(0), 1);
}

function clusterReferences(cluster: Buffer): FakeReference[] {
  const found: FakeReference[] = [];
  if (discoveryType(cluster) === EDS) {
    const config = contents(cluster, 3)[0];
    found.push({ type: 'endpoint', name: (config && text(config, 2)) || text(cluster, 1) });
  }
  for (const socket of contents(cluster, 24)) found.push(...transportSocketReferences(socket));
  for (const match of contents(cluster, 43))
    for (const socket of contents(match, 3)) found.push(...transportSocketReferences(socket));
  return found;
}

function discoveryType(cluster: Buffer): number {
  // Field 2, a varint: tag 0x10 at the top level. The walker skips to it.
  let position = 0;
  while (position < cluster.length) {
    const tag = cluster[position] ?? 0;
    if (tag === 0x10) return cluster[position + 1] ?? 0;
    if ((tag & 7) !== 2) return 0;
    let length = 0;
    let shift = 0;
    let byte: number;
    do {
      byte = cluster[++position] ?? 0;
      length |= (byte & 0x7f) << shift;
      shift += 7;
    } while (byte >= 0x80);
    position += length + 1;
  }
  return 0;
}

function listenerReferences(listener: Buffer): FakeReference[] {
  return [...contents(listener, 3), ...contents(listener, 25)].flatMap((chain) => [
    ...contents(chain, 6).flatMap(transportSocketReferences),
    ...contents(chain, 3).flatMap(filterReferences),
  ]);
}

function filterReferences(filter: Buffer): FakeReference[] {
  if (contents(filter, 5).length > 0) return [{ type: 'extension', name: text(filter, 1) }];
  const config = contents(filter, 4)[0];
  if (!config || !text(config, 1).endsWith('.HttpConnectionManager')) return [];
  const manager = contents(config, 2)[0] ?? Buffer.alloc(0);
  return [
    ...contents(manager, 3).map((rds): FakeReference => ({ type: 'route', name: text(rds, 2) })),
    ...contents(manager, 5).flatMap(filterReferences),
  ];
}

function transportSocketReferences(socket: Buffer): FakeReference[] {
  return contents(socket, 3).flatMap((config) =>
    contents(config, 2).flatMap((context) => contents(context, 1).flatMap(commonTlsReferences)),
  );
}

function commonTlsReferences(common: Buffer): FakeReference[] {
  const combined = contents(common, 8).flatMap((one) => contents(one, 2));
  return [...contents(common, 6), ...contents(common, 7), ...combined].map((secret) => ({
    type: 'secret',
    name: text(secret, 1),
  }));
}
