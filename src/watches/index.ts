/**
 * Watches: parts of what an agent knows, followed over its HTTP API by the command `watch` and by the agent's own option `watches`
 * (consul-behaviour.md 3.2, 3.3).
 * In: a type with parameters, a way to ask. Out: what is there, at once and at each change. Must never: run a handler, or know how to
 * reach an agent.
 */
export { type Ask, type FollowOptions, type Seen, type WatchAnswer, follow } from './follow.js';
export {
  type Spelling,
  type WatchParameters,
  type WatchQuery,
  type WatchType,
  type WatchedView,
  watchType,
  watchTypes,
  watchedView,
} from './watched-view.js';
