import { AppError } from '../../core/index.js';
import type { MeshView } from '../../model/index.js';
import {
  type NeededResource,
  inboundNeeds,
  proxyNeedsCell,
  resourceCell,
  upstreamNeedsCell,
} from '../../xds/resources/index.js';

/** A part of a proxy's configuration that a change of an entry may break, looked at once for all proxies that share it. */
export interface CheckUnit {
  /** Units with one key are the same. */
  readonly key: string;
  /** The proxy that is named when it breaks. */
  readonly node: string;
  readonly proxyId: string;
  /** What cannot be made in a state, as sentences. Resources whose cells are `seen` are left out, and others added to them. */
  readonly failures: (view: MeshView, seen: Set<string>) => readonly string[];
}

/** All of one proxy. `needsKey`: key of its needs. */
export const wholeProxy =
  (needsKey: string): CheckUnit['failures'] =>
  (view, seen) => {
    // Not as a cell: nobody else wants a proxy's own needs, and thousands of proxies may be looked at.
    const needs = attempt(() => proxyNeedsCell.compute(view, needsKey));
    if ('problem' in needs) return [needs.problem];
    if (needs.value === undefined) return [];
    const resources = [...needs.value.resources].flatMap(([type, cells]) =>
      [...cells].map(([name, cell]) => ({ type, name, cell })),
    );
    return [...(needs.value.keepsOthers ? needs.value.problems : []), ...resourceFailures(view, resources, seen)];
  };

/** What one sidecar opens for others. */
export const inboundSide =
  (proxy: { readonly node: string; readonly proxyId: string }): CheckUnit['failures'] =>
  (view, seen) => {
    const needs = attempt(() => inboundNeeds(view, proxy));
    if ('problem' in needs) return [needs.problem];
    return needs.value === undefined
      ? []
      : [...needs.value.failures, ...resourceFailures(view, needs.value.resources, seen)];
  };

/** One upstream, as all proxies call it that have the same settings for it. `needsKey`: key of the upstream's needs. */
export const oneUpstream =
  (needsKey: string): CheckUnit['failures'] =>
  (view, seen) => {
    const needs = attempt(() => view.cell(upstreamNeedsCell, needsKey));
    return 'problem' in needs ? [needs.problem] : resourceFailures(view, needs.value.resources, seen);
  };

/** Endpoints are left out: they are many, and made from the catalog, whatever an entry says. */
function resourceFailures(
  view: MeshView,
  resources: readonly Pick<NeededResource, 'type' | 'name' | 'cell'>[],
  seen: Set<string>,
): readonly string[] {
  return resources.flatMap(({ type, name, cell }) => {
    if (type === 'endpoint' || seen.has(cell)) return [];
    seen.add(cell);
    const made = attempt(() => resourceCell.compute(view, cell));
    if ('problem' in made) return [`its ${type} "${name}" cannot be made: ${made.problem}`];
    return made.value === undefined ? [`its ${type} "${name}" cannot be made`] : [];
  });
}

function attempt<Value>(run: () => Value): { readonly value: Value } | { readonly problem: string } {
  try {
    return { value: run() };
  } catch (thrown) {
    return { problem: AppError.from(thrown).message };
  }
}
