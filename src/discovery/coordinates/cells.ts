import { type Cell, type CoordinateRecord, nodeKey } from '../../model/index.js';

/** The coordinates of all nodes, ordered by node. Key: ''. */
export const coordinatesCell: Cell<readonly CoordinateRecord[]> = {
  kind: 'coordinates',
  compute: (view) => view.range('coordinates', 'all', []),
};

/** The coordinates of a node, one for each segment. Key: the node's name. */
export const nodeCoordinatesCell: Cell<readonly CoordinateRecord[]> = {
  kind: 'coordinates-of-node',
  compute: (view, node) => view.range('coordinates', 'byNode', [nodeKey(node)]),
};
