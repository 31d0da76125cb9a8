import { proxyKey } from '../../../../src/mesh/proxy/index.js';
import type { MeshView } from '../../../../src/model/index.js';
import { proxyNeedsCell, resourceCell } from '../../../../src/xds/resources/index.js';

/** Needs and bytes of every sidecar, as text: equal text means byte-equal output. */
export function everythingTold(view: MeshView): string {
  const lines: string[] = [];
  for (const { node, id } of view.range('services', 'byKind', ['connect-proxy'])) {
    const needs = proxyNeedsCell.compute(view, proxyKey({ node, proxyId: id }));
    lines.push(`${node} ${id}`, JSON.stringify([needs?.identity, needs?.problems, needs?.keepsOthers]));
    for (const [type, names] of needs?.resources ?? [])
      for (const [name, key] of [...names].sort(([left], [right]) => (left < right ? -1 : 1))) {
        const resource = resourceCell.compute(view, key);
        const { version, bytes, references, entries } = resource ?? {};
        lines.push(
          `${type} ${name} ${key}`,
          `${version} ${bytes?.toString('hex')}`,
          JSON.stringify([references, entries]),
        );
      }
  }
  return lines.join('\n');
}
