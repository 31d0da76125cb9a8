import type { EnvoyExtension } from '../../../model/index.js';
import type { AnyExtensionKind } from './extension.js';
import { lua } from './lua.js';

/** Every extension there is. */
export const extensionKinds: ReadonlyMap<string, AnyExtensionKind> = new Map(
  [lua].map((kind) => [kind.name, kind] as const),
);

/** Whether an extension is one that changes what the callers of its service send to it. */
export function changesCallers({ name }: EnvoyExtension): boolean {
  return extensionKinds.get(name)?.changes === 'callers';
}
