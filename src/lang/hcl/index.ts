/**
 * HCL version 1 and JSON, as people write them for Consul (consul-behaviour.md 2.1; consul-observed.md, "HCL that people
 * write").
 * In: text. Out: plain JSON-like values; every HCL block and every `name = { … }` is a *block list*, a list with one
 * object per time it was written. A decoder that wants an object takes the only element (`unwrapBlocks`, or
 * `normalizeHcl` with the shapes of a schema); one that wants a list takes the list.
 * Must never: evaluate `${…}`, read a file, or throw anything but AppError with line and column.
 */
export { isBlockList, normalizeHcl, unwrapBlocks, type HclShape } from './blocks.js';
export { parseFirstJson, parseJson } from './json.js';
export { locateKey, type Place } from './locate.js';
export { configFormat, parseHcl, parseHclOrJson } from './parse.js';
export type { HclObject, HclValue } from './value.js';
