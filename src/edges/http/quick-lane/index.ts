/**
 * The quick lane of an HTTP door: plain requests of the families that are asked most, read and answered without node:http.
 * In: a connection. Out: exchanges; connections with anything else on them, for node:http.
 * Must never: guess what a request means that could be read in two ways, or answer out of order.
 */
export { type QuickLaneOptions, QuickLane } from './quick-lane.js';
