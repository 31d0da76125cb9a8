import { type ResolvedProxy, exposedPathsCell, proxyKey } from '../../../mesh/proxy/index.js';
import type { MeshView } from '../../../model/index.js';
import { exposedClusterName, exposedListenerName } from './expose.js';
import { type NeededResource, needed } from '../resource-cell.js';

/** The listeners of a proxy's exposed paths, and the clusters of those that lead to a port of their own. */
export function exposedNeeds(view: MeshView, proxy: ResolvedProxy): readonly NeededResource[] {
  const { node, proxyId, plainLogs } = proxy;
  return view.cell(exposedPathsCell, proxyKey({ node, proxyId })).flatMap((path) => {
    const cluster = exposedClusterName(proxy, path);
    return [
      ...(cluster === 'local_app' ? [] : [needed('exposed-cluster', { node, proxyId, path, name: cluster })]),
      needed('exposed-listener', {
        node,
        proxyId,
        path,
        name: exposedListenerName(proxy, path),
        ...(plainLogs ? { plainLogs } : {}),
      }),
    ];
  });
}
