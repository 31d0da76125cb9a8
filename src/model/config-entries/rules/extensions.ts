import type { EnvoyExtension } from '../../records/proxy.js';
import type { Problem } from './problems.js';

const BUILT_IN: ReadonlySet<string> = new Set([
  'builtin/aws/lambda',
  'builtin/ext-authz',
  'builtin/lua',
  'builtin/otel-access-logging',
  'builtin/property-override',
  'builtin/wasm',
]);

/** Extensions are known by name; their arguments are checked where they are applied. */
export function extensionProblems(extensions: readonly EnvoyExtension[]): readonly Problem[] {
  return extensions.map(({ name }, position) => {
    if (name === '') return `invalid EnvoyExtensions[${position}][]: Name is required`;
    if (BUILT_IN.has(name)) return undefined;
    return `invalid EnvoyExtensions[${position}][${name}]: name "${name}" is not a built-in extension`;
  });
}
