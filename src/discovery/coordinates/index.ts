/**
 * Coordinates: where nodes are in the network, and how far from each other (consul-behaviour.md 1.9, 11.5).
 * In: coordinates that agents report; a view. Out: batched writes, cells, distances, sorted rows. Must never: know about HTTP, or
 * keep a coordinate of a node that is not in the catalog.
 */
export { coordinatesCell, nodeCoordinatesCell } from './cells.js';
export { type CoordinateWriter, createCoordinateWriter } from './coordinate-writer.js';
export { keepPlace, type Measured } from './keep-place.js';
export { distancesFrom, sortNear } from './near.js';
