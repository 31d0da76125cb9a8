import type { EnvoyExtension } from '../../records/proxy.js';
import type { Problem } from './problems.js';

/** Consul's own extensions, and ours. Which there are, and their arguments, is known where they are applied. */
const OWN_NAMES = /^(?:builtin|meshwright)\/./;

/** Every extension has a name that can be one. */
export function extensionProblems(extensions: readonly EnvoyExtension[]): readonly Problem[] {
  return extensions.map(({ name }, position) => {
    if (name === '') return `invalid EnvoyExtensions[${position}][]: Name is required`;
    if (OWN_NAMES.test(name)) return undefined;
    return `invalid EnvoyExtensions[${position}][${name}]: name "${name}" is not a built-in extension`;
  });
}
