/**
 * What several clients did to keys and saw of them, held against what a correct store can answer: every acknowledged write is
 * there, compare-and-set and locks are atomic, indexes never go back. In: calls with their times and answers, also such without an
 * answer. Out: a verdict for each key. Must never: take an answer that did not come for a no.
 */
export { History, type NotedCall, type Sighting } from './history.js';
export { KeyClient, type Seen, type ServerAddress } from './key-client.js';
export { type KeyInput, type KeyOutput, type KeyState, keyModel } from './key-model.js';
export { workOnKeys, type KeyWork } from './work-on-keys.js';
export { type Call, type Model, type Verdict, isLinearizable } from './linearizable.js';
