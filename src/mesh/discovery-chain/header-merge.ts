import type { HeaderModifiers } from '../../model/index.js';

/** The modifiers of two splits in a row: the inner one's values win, removals of both count, the outer's first. */
export function mergeHeaderModifiers(
  outer: HeaderModifiers | undefined,
  inner: HeaderModifiers | undefined,
): HeaderModifiers | undefined {
  if (outer === undefined || inner === undefined) return outer ?? inner;
  return {
    add: { ...outer.add, ...inner.add },
    set: { ...outer.set, ...inner.set },
    remove: [...new Set([...outer.remove, ...inner.remove])],
  };
}
