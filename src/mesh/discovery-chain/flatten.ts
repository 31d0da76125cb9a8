import { ChainProblem } from './compilation.js';
import type { ChainNode, ChainTarget, SplitterNode } from './compiled-chain.js';
import type { HeaderModifiers } from '../../model/index.js';
import { mergeHeaderModifiers } from './header-merge.js';

type Nodes = ReadonlyMap<string, ChainNode>;
type Split = SplitterNode['splits'][number];

/** Nodes that a node sends requests, or copies of them, to. */
function successors(node: ChainNode | undefined): readonly string[] {
  if (node?.type === 'router')
    return node.routes.flatMap(({ nextNode, mirrorNodes = [] }) => [
      ...(nextNode === '' ? [] : [nextNode]),
      ...mirrorNodes,
    ]);
  return node?.type === 'splitter' ? node.splits.map((split) => split.nextNode) : [];
}

/** Throws ChainProblem when a request could go round for ever (consul-behaviour 5.2, 9). */
export function refuseCircles(nodes: Nodes, start: string): void {
  const finished = new Set<string>();
  const visit = (key: string, path: readonly string[]): void => {
    const earlier = path.indexOf(key);
    if (earlier >= 0)
      throw new ChainProblem(`detected circular reference: [${[...path.slice(earlier), key].join(' -> ')}]`);
    if (finished.has(key)) return;
    for (const next of successors(nodes.get(key))) visit(next, [...path, key]);
    finished.add(key);
  };
  visit(start, []);
}

/** Headers that Envoy adds or sets, and that it removes, on one leg. */
const MAX_CHANGES = 1000;

function changesTooMany({ add, set, remove }: HeaderModifiers): boolean {
  return Object.keys(add).length + Object.keys(set).length > MAX_CHANGES || remove.length > MAX_CHANGES;
}

/** Legs of one flattened splitter; splitters over splitters multiply them. */
const MAX_SPLITS = 4096;

/** Splitters that lead to splitters become one (consul-behaviour 5.2, 10). There are no circles. */
export function flattenSplitters(nodes: Nodes): ReadonlyMap<string, ChainNode> {
  const flattened = new Map<string, ChainNode>();
  const flat = (key: string): ChainNode | undefined => {
    const node = flattened.get(key) ?? nodes.get(key);
    if (node?.type !== 'splitter' || flattened.has(key)) return node;
    const splits: Split[] = [];
    for (const split of node.splits) {
      const next = flat(split.nextNode);
      if (next?.type === 'splitter') splits.push(...next.splits.map((inner) => combined(node.name, split, inner)));
      else splits.push(split);
      if (splits.length > MAX_SPLITS)
        throw new ChainProblem(`splitter "${node.name}" ends up with more than ${MAX_SPLITS} legs; merge some of them`);
    }
    const result: ChainNode = { ...node, splits };
    flattened.set(key, result);
    return result;
  };
  return new Map([...nodes.keys()].map((key) => [key, flat(key) as ChainNode]));
}

function combined(splitter: string, outer: Split, inner: Split): Split {
  const requestHeaders = mergeHeaderModifiers(outer.definition.requestHeaders, inner.definition.requestHeaders);
  const responseHeaders = mergeHeaderModifiers(outer.definition.responseHeaders, inner.definition.responseHeaders);
  for (const modifiers of [requestHeaders, responseHeaders])
    if (modifiers && changesTooMany(modifiers))
      throw new ChainProblem(`splitter "${splitter}" ends up with a leg that changes more than ${MAX_CHANGES} headers`);
  return {
    definition: {
      ...inner.definition,
      ...(requestHeaders && { requestHeaders }),
      ...(responseHeaders && { responseHeaders }),
    },
    weight: Math.round(outer.weight * inner.weight) / 100,
    nextNode: inner.nextNode,
  };
}

/** What can be reached from the start, by key (consul-behaviour 5.2, 11), in the order of the keys. */
export function reachable(
  nodes: Nodes,
  targets: ReadonlyMap<string, ChainTarget>,
  start: string,
): { readonly nodes: Record<string, ChainNode>; readonly targets: Record<string, ChainTarget> } {
  const keys = new Set<string>([start]);
  // A set hands out what is added while it is walked.
  for (const key of keys) for (const next of successors(nodes.get(key))) keys.add(next);
  const used = new Set<string>();
  for (const key of keys) for (const id of targetsOf(nodes.get(key))) used.add(id);
  return { nodes: pick(nodes, keys), targets: pick(targets, used) };
}

function targetsOf(node: ChainNode | undefined): readonly string[] {
  if (node?.type !== 'resolver') return [];
  return [node.resolver.target, ...(node.resolver.failover?.targets ?? [])];
}

function pick<Value>(source: ReadonlyMap<string, Value>, keys: ReadonlySet<string>): Record<string, Value> {
  // Without a prototype: a plain object of names that no other has makes the engine describe its shape name by name.
  const picked = Object.create(null) as Record<string, Value>;
  for (const key of [...keys].sort()) picked[key] = source.get(key) as Value;
  return picked;
}
