import { type Field, always, camelOnly, list, nullable, object, text } from '../wire/index.js';
import { type Problem, firstProblem } from './rules/problems.js';

/** What one entry says of another, or of a part of it (`sectionName`: a listener). */
export interface ResourceReference {
  readonly kind: string;
  readonly name: string;
  /** '' = all of it. */
  readonly sectionName: string;
}

export const resourceReferenceField: Field<ResourceReference> = object<ResourceReference>({
  kind: always(text()),
  name: always(text()),
  sectionName: camelOnly(always(text())),
});

/** The gateways that a route asks to be bound to; null = never given. */
export const routeParentsField: Field<readonly ResourceReference[] | null> = nullable(list(resourceReferenceField));

const GATEWAY = 'api-gateway';

/** Parents without a kind are API gateways. */
export function normalizeParents(parents: readonly ResourceReference[] | null): readonly ResourceReference[] | null {
  return parents && parents.map((parent) => ({ ...parent, kind: parent.kind === '' ? GATEWAY : parent.kind }));
}

/** Parents are API gateways or listeners of them, each once. */
export function parentsProblem(parents: readonly ResourceReference[] | null): Problem {
  const seen = new Set<string>();
  return firstProblem(parents ?? [], ({ kind, name, sectionName }, position) => {
    if (kind !== GATEWAY) return `Parents[${position}]: unsupported parent kind: "${kind}", must be '${GATEWAY}'`;
    const key = JSON.stringify([name, sectionName]);
    if (seen.has(key)) return `Parents[${position}]: route parents must be unique`;
    seen.add(key);
    return undefined;
  });
}
