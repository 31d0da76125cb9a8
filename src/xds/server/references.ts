import type { EncodedResource, ResourceType } from '../resources/spec.js';

/** The names of a type that a resource refers to; none of no resource. */
export const referencesOf = (resource: EncodedResource | undefined, wanted: ResourceType): readonly string[] =>
  (resource?.references ?? []).flatMap(({ type, name }) => (type === wanted ? [name] : []));

/** Whether it refers to any of a type: a cluster that refers to clusters is an aggregate of them. */
export const refersTo = ({ references }: EncodedResource, wanted: ResourceType): boolean =>
  references.some(({ type }) => type === wanted);
