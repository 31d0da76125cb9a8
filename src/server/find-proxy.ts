import { AppError } from '../core/index.js';
import { type MeshView, nodeKey, serviceKey } from '../model/index.js';
import type { ProxyKey } from '../xds/server/index.js';

/**
 * The registration that an Envoy's node means (DESIGN, "Proxy identity"): on the node it names; without a name on this agent's
 * node, else the only one of that id, else an error that lists the nodes.
 */
export function findProxy(
  view: MeshView,
  ownNode: string,
  nodeName: string | undefined,
  proxyId: string,
): ProxyKey | AppError {
  const onNode = (node: string): ProxyKey | undefined => {
    const found = view.get('services', serviceKey(node, proxyId));
    return found && { node: found.node, proxyId };
  };
  if (nodeName) return onNode(nodeName) ?? unknown(proxyId, `on node "${nodeName}"`);
  const own = onNode(ownNode);
  if (own) return own;
  const candidates = view.range('services', 'byKind', ['connect-proxy']).filter((service) => service.id === proxyId);
  const [only, ...others] = candidates;
  if (only === undefined) return unknown(proxyId, 'on any node');
  if (others.length === 0) return { node: only.node, proxyId };
  const nodes = candidates.map((service) => nodeKey(service.node)).join(', ');
  return new AppError(
    'invalidArgument',
    `several nodes have a proxy "${proxyId}" (${nodes}): set node_name in the bootstrap's metadata`,
  );
}

const unknown = (proxyId: string, where: string): AppError =>
  new AppError(
    'notFound',
    `no proxy "${proxyId}" is registered ${where}; register it, or check the id in the bootstrap`,
  );
