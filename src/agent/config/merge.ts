import type { AgentOptions } from './options.js';

type Plain = Readonly<Record<string, unknown>>;
const isObject = (value: unknown): value is Plain =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Sources in order: of scalars the last wins, lists are appended, maps are merged (consul-behaviour 2.1). */
export function mergeOptions(sources: readonly AgentOptions[]): AgentOptions {
  return sources.reduce<Plain>((merged, source) => mergeObjects(merged, source as Plain), {});
}

function mergeObjects(left: Plain, right: Plain): Plain {
  const merged: Record<string, unknown> = { ...left };
  for (const [key, value] of Object.entries(right))
    if (value !== undefined) merged[key] = mergeValues(merged[key], value);
  return merged;
}

function mergeValues(left: unknown, right: unknown): unknown {
  if (Array.isArray(left) && Array.isArray(right)) return [...(left as unknown[]), ...(right as unknown[])];
  return isObject(left) && isObject(right) ? mergeObjects(left, right) : right;
}

/** What the flags say, apart: their lists come before those of files, everything else after the files. */
export function listsAndOthers(options: AgentOptions): { readonly lists: AgentOptions; readonly others: AgentOptions } {
  const entries = Object.entries(options);
  return {
    lists: Object.fromEntries(entries.filter(([, value]) => Array.isArray(value))),
    others: Object.fromEntries(entries.filter(([, value]) => !Array.isArray(value))),
  };
}
