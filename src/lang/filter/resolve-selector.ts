import { AppError } from '../../core/index.js';
import type { FieldType } from './field-type.js';

/** One step from a value to the selected field. `each` goes to any element and consumes no part of the selector. */
export type Step = { readonly kind: 'field' | 'key' | 'dynamic'; readonly name: string } | { readonly kind: 'each' };

export interface Resolved {
  readonly steps: readonly Step[];
  readonly type: FieldType;
}

/** The way to the field that a selector names, and its type. Throws `invalidArgument` when the type has no such field. */
export function resolveSelector(root: FieldType, selector: readonly string[]): Resolved {
  const steps: Step[] = [];
  let type = root;
  selector.forEach((name, position) => {
    while (type.kind === 'list' && hasSelectors(type.element)) {
      steps.push({ kind: 'each' });
      type = type.element;
    }
    const next = stepInto(type, name);
    if (next === undefined) {
      const wrong = selector.slice(0, position + 1).join('.');
      throw new AppError('invalidArgument', `Selector ${JSON.stringify(wrong)} is not valid`);
    }
    steps.push(next.step);
    type = next.type;
  });
  return { steps, type };
}

function hasSelectors(type: FieldType): boolean {
  return type.kind === 'struct' || type.kind === 'map' || type.kind === 'any';
}

function stepInto(type: FieldType, name: string): { readonly step: Step; readonly type: FieldType } | undefined {
  if (type.kind === 'struct') {
    const field = Object.hasOwn(type.fields, name) ? type.fields[name] : undefined;
    return field === undefined ? undefined : { step: { kind: 'field', name }, type: field };
  }
  if (type.kind === 'map' && type.value.kind !== 'opaque') return { step: { kind: 'key', name }, type: type.value };
  return type.kind === 'any' ? { step: { kind: 'dynamic', name }, type } : undefined;
}
