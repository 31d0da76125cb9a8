import { sortedTexts } from '../../core/index.js';
import { ChainProblem, type Place, splitsPlace } from './compilation.js';
import type { ChainNode, ChainTarget, SplitterNode } from './compiled-chain.js';
import type { HeaderModifiers } from '../../model/index.js';
import { mergeHeaderModifiers } from './header-merge.js';

type Nodes = ReadonlyMap<string, ChainNode>;
type Split = SplitterNode['splits'][number];

const NONE: readonly never[] = [];

/** Nodes that a node sends requests, or copies of them, to. */
function successors(node: ChainNode | undefined): readonly string[] {
  if (node?.type === 'splitter') return node.splits.map((split) => split.nextNode);
  if (node?.type !== 'router') return NONE;
  const found: string[] = [];
  for (const { nextNode, mirrorNodes } of node.routes) {
    if (nextNode !== '') found.push(nextNode);
    if (mirrorNodes) found.push(...mirrorNodes);
  }
  return found;
}

/** Only splitters lead to one another, or round. */
function hasSplittersInARow(nodes: Nodes): boolean {
  let count = 0;
  for (const { type } of nodes.values()) if (type === 'splitter') count += 1;
  return count > 1;
}

/** Where a node names the next one. Only splitters lead back to somewhere. */
function legTo(node: ChainNode | undefined, next: string): Place {
  if (node?.type !== 'splitter') return '';
  const position = node.splits.findIndex(({ nextNode }) => nextNode === next);
  return `${splitsPlace(node.name)}[${position}].Service`;
}

/** Throws ChainProblem when a request could go round for ever (consul-behaviour 5.2, 9). */
export function refuseCircles(nodes: Nodes, start: string): void {
  if (!hasSplittersInARow(nodes)) return;
  const finished = new Set<string>();
  const visit = (key: string, path: readonly string[]): void => {
    const earlier = path.indexOf(key);
    if (earlier >= 0)
      throw new ChainProblem(
        `detected circular reference: [${[...path.slice(earlier), key].join(' -> ')}]`,
        legTo(nodes.get(path.at(-1) ?? ''), key),
      );
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
  if (!hasSplittersInARow(nodes)) return nodes;
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
        throw new ChainProblem(
          `splitter "${node.name}" ends up with more than ${MAX_SPLITS} legs; merge some of them`,
          splitsPlace(node.name),
        );
    }
    const { type, name, loadBalancer } = node;
    const result: ChainNode = { type, name, splits, ...(loadBalancer && { loadBalancer }) };
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
      throw new ChainProblem(
        `splitter "${splitter}" ends up with a leg that changes more than ${MAX_CHANGES} headers`,
        splitsPlace(splitter),
      );
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
  for (const key of keys) {
    const node = nodes.get(key);
    if (node?.type !== 'resolver') continue;
    used.add(node.resolver.target);
    for (const id of node.resolver.failover?.targets ?? NONE) used.add(id);
  }
  return { nodes: pick(nodes, keys), targets: pick(targets, used) };
}

function pick<Value>(source: ReadonlyMap<string, Value>, keys: ReadonlySet<string>): Record<string, Value> {
  // Without a prototype: a plain object of names that no other has makes the engine describe its shape name by name.
  const picked = Object.create(null) as Record<string, Value>;
  for (const key of sortedTexts(keys)) picked[key] = source.get(key) as Value;
  return picked;
}
