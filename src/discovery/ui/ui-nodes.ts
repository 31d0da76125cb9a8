import { type Cell, type CheckRecord, type NodeRecord, type ServiceRecord, nodeKey } from '../../model/index.js';

/** A node with all that is on it. */
export interface NodeWithAll {
  readonly node: NodeRecord;
  readonly services: readonly ServiceRecord[];
  readonly checks: readonly CheckRecord[];
}

/** Every node. Key: ''. */
export const uiNodesCell: Cell<readonly NodeWithAll[]> = {
  kind: 'ui-nodes',
  compute: (view) => view.range('nodes', 'all', []).flatMap(({ node }) => view.cell(uiNodeCell, node) ?? []),
};

/** One node, or undefined. Key: its name. */
export const uiNodeCell: Cell<NodeWithAll | undefined> = {
  kind: 'ui-node',
  compute(view, name) {
    const node = view.get('nodes', nodeKey(name));
    return (
      node && {
        node,
        services: view.range('services', 'byNode', [nodeKey(name)]),
        checks: view.range('checks', 'byNode', [nodeKey(name)]),
      }
    );
  },
};
