import { sha256Hex } from '../../../core/index.js';
import type { Cell, MeshView } from '../../../model/index.js';
import { decodeAny, encodeAny } from '../../envoy-api/index.js';
import type { EncodedResource } from '../spec.js';
import type { ActiveExtension } from './active-extension.js';
import { applyExtensions, type ExtensionFailure } from './apply-extensions.js';
import type { ExtensionPlace } from './extension.js';
import { activeExtension, type ExtensionUse } from './extension-use.js';
import { remainingReferences } from './resource-references.js';

/** A resource with extensions: the key of the cell it is built by, and what is applied to it, first one first. */
export interface ExtendedInput {
  readonly base: string;
  readonly place: ExtensionPlace;
  readonly uses: readonly ExtensionUse[];
}

export interface ExtendedResource {
  /** undefined while it cannot be made: the last good one stays. */
  readonly resource: EncodedResource | undefined;
  readonly failures: readonly ExtensionFailure[];
}

type ResourceCell = Cell<EncodedResource | undefined>;

const VERSION_LENGTH = 32;

/**
 * The resource of another cell with extensions applied. Without a required one that fails it is not made at all; one that its
 * entry does not have any more (the proxy keeps what it has while another of its extensions fails) is the same.
 */
export function extendResource(
  view: MeshView,
  { base: baseKey, place, uses }: ExtendedInput,
  resources: ResourceCell,
): ExtendedResource {
  const base = view.cell(resources, baseKey);
  const active = uses.map((use) => activeExtension(view, use));
  if (base === undefined || !active.every(isActive)) return { resource: undefined, failures: [] };
  const { any, failures } = applyExtensions(decodeAny(base.bytes), base.name, place, active);
  if (failures.some(({ required }) => required)) return { resource: undefined, failures };
  const bytes = encodeAny(any);
  const entries = [...new Set([...base.entries, ...uses.map(({ entry }) => entry)])];
  const references = remainingReferences(any, base.references);
  return {
    resource: { ...base, version: sha256Hex(bytes, VERSION_LENGTH), bytes, references, entries },
    failures,
  };
}

const isActive = (extension: ActiveExtension | undefined): extension is ActiveExtension => extension !== undefined;
