import type { Model } from './linearizable.js';

/** A key as clients see it. The values of writes are unique in a history, so that no state comes twice. */
export interface KeyState {
  /** `''` = there is no such key. */
  readonly value: string;
  readonly holder: string;
  readonly lockIndex: number;
}

export type KeyInput =
  | { readonly type: 'get' }
  | { readonly type: 'put'; readonly value: string }
  /** Writes if the key is still as it was read with the index: the index stands for all of it. */
  | { readonly type: 'cas'; readonly expected: KeyState; readonly value: string }
  | { readonly type: 'delete' }
  | { readonly type: 'acquire'; readonly session: string; readonly value: string }
  | { readonly type: 'release'; readonly session: string; readonly value: string }
  /** The session ended, by its owner or by its TTL. */
  | { readonly type: 'end'; readonly session: string };

/** What a read showed, or whether a write was done. */
export type KeyOutput = KeyState | boolean;

/** A key that is not there. */
export const NOTHING: KeyState = { value: '', holder: '', lockIndex: 0 };

/** What one key does (consul-behaviour.md 1.5), without lock-delay. */
export const keyModel: Model<KeyState, KeyInput, KeyOutput> = {
  initial: NOTHING,
  isIdle: ({ type }, output) => type === 'get' || output === false,
  keyOf: ({ value, holder, lockIndex }) => `${value} ${holder} ${lockIndex}`,
  sameOutput: (left, right) =>
    typeof left === 'object' && typeof right === 'object'
      ? keyModel.keyOf(left) === keyModel.keyOf(right)
      : left === right,
  apply(state, input) {
    switch (input.type) {
      case 'get':
        return { state, output: state };
      case 'put':
        return { state: { ...state, value: input.value }, output: true };
      case 'cas':
        return keyModel.keyOf(state) === keyModel.keyOf(input.expected)
          ? { state: { ...state, value: input.value }, output: true }
          : { state, output: false };
      case 'delete':
        return { state: NOTHING, output: true };
      case 'acquire': {
        if (state.holder !== '' && state.holder !== input.session) return { state, output: false };
        const lockIndex = state.holder === '' ? state.lockIndex + 1 : state.lockIndex;
        return { state: { value: input.value, holder: input.session, lockIndex }, output: true };
      }
      case 'release':
        return state.holder === input.session
          ? { state: { ...state, value: input.value, holder: '' }, output: true }
          : { state, output: false };
      case 'end':
        return { state: state.holder === input.session ? { ...state, holder: '' } : state, output: true };
    }
  },
};
