/**
 * Interpolation: text with `${…}` in it, as templates of prepared queries have it (consul-behaviour.md 1.13).
 * In: a text. Out: its parts, or where it is wrong; the text with its variables filled in. Must never: run anything that a user
 * wrote, or know what a variable means.
 */
export { type Interpolated, type InterpolationPart, parseInterpolation } from './parse-interpolation.js';
export { type InterpolationScope, type Rendered, renderInterpolation } from './render-interpolation.js';
