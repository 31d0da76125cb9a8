import type { ResourceReference } from '../../model/index.js';

/** What a gateway or route is (consul-behaviour 4.9). Says not since when: that is not derived (`condition-times`). */
export interface Condition {
  readonly type: 'Accepted' | 'Bound' | 'Conflicted' | 'ResolvedRefs';
  readonly status: 'True' | 'False';
  readonly reason: string;
  readonly message: string;
  /** What of or for the entry it is about; all empty = the entry itself. */
  readonly resource: ResourceReference;
}

/** The entry itself. */
export const NO_RESOURCE: ResourceReference = { kind: '', name: '', sectionName: '' };

/** Names a condition among those of its entry. */
export function conditionKey({ type, resource }: Pick<Condition, 'type' | 'resource'>): string {
  return [type, resource.kind, resource.name, resource.sectionName].join('\n');
}

/** In order of type and what they are about. */
export function sortedConditions(conditions: readonly Condition[]): readonly Condition[] {
  return [...conditions].sort((left, right) => (conditionKey(left) < conditionKey(right) ? -1 : 1));
}

/** In order of kind, name and section. */
export function sortedReferences(references: readonly ResourceReference[]): readonly ResourceReference[] {
  const key = ({ kind, name, sectionName }: ResourceReference): string => [kind, name, sectionName].join('\n');
  return [...references].sort((left, right) => (key(left) < key(right) ? -1 : 1));
}
