import type { ServerDuplexStream } from '@grpc/grpc-js';
import { AppError } from '../../core/index.js';

type Call = ServerDuplexStream<Buffer, Buffer>;

/** Where a stream comes from: from an Envoy at a door, or through the client agent of a node. */
export interface StreamOrigin {
  readonly remoteAddress: string;
  /** The Envoy's own connection, at whatever door. */
  readonly encrypted: boolean;
  /** The node whose proxies alone it may be; undefined = any. */
  readonly node: string | undefined;
}

/** What client agents say of the Envoy whose stream they relay: `tls` or `plaintext`, a space, its address. */
export const ORIGIN_METADATA = 'x-meshwright-origin';
/** The agent's node, where its certificate does not tell. */
export const NODE_METADATA = 'x-meshwright-node';

/** An Envoy at a door of this server. */
export const directOrigin = (call: Call, encrypted: boolean): StreamOrigin => ({
  remoteAddress: call.getPeer().replace(/:\d+$/, ''),
  encrypted,
  node: undefined,
});

/** An Envoy behind the client agent of `node` (empty = its certificate names none). Throws AppError('unauthenticated'). */
export function relayedOrigin(call: Call, node: string): StreamOrigin {
  const [kind, remoteAddress = ''] = textOf(call, ORIGIN_METADATA).split(' ');
  const own = node || textOf(call, NODE_METADATA);
  if (own === '') throw new AppError('unauthenticated', 'a relayed stream must say which node its agent is of');
  return { remoteAddress, encrypted: kind === 'tls', node: own };
}

const textOf = (call: Call, name: string): string => String(call.metadata.get(name)[0] ?? '');

/** The node to look for a proxy on. Throws AppError('permissionDenied') when its bootstrap names one that is not the agent's. */
export function nodeToSearch(origin: StreamOrigin, named: string | undefined): string | undefined {
  if (origin.node === undefined) return named || undefined;
  if (named && named.toLowerCase() !== origin.node.toLowerCase())
    throw new AppError(
      'permissionDenied',
      `the agent of node "${origin.node}" serves proxies of that node only, not of "${named}": correct node_name in the bootstrap`,
    );
  return origin.node;
}
