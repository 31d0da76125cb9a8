import type { MeshView } from '../../model/index.js';
import type { PackedAny } from '../envoy-api/index.js';
import type { FilterReliance, ResourceType } from './spec.js';

/** What a builder makes: a message, packed, with the names it makes Envoy ask for. */
export interface BuiltResource {
  /** The name inside the message; must be the name the cell is asked for under. */
  readonly name: string;
  readonly any: PackedAny;
  readonly references?: readonly { readonly type: ResourceType; readonly name: string }[];
  /** Routes: the clusters they lead to. */
  readonly leadsTo?: readonly string[];
  /** Entries it came from besides those of its chain, `kind/name`. */
  readonly entries?: readonly string[];
  /** Listeners: the greatest chain epoch in it. */
  readonly chainEpoch?: number;
  /** Filters: see `EncodedResource`. */
  readonly provides?: readonly string[];
  readonly reliesOn?: FilterReliance;
  readonly parts?: unknown;
  readonly unite?: (others: unknown) => BuiltResource;
}

/** Makes one kind of resource from its input (plain data, part of the cell's key) and the view. undefined = cannot be made now. */
export type Builder<Input> = (view: MeshView, input: Input) => BuiltResource | undefined;
