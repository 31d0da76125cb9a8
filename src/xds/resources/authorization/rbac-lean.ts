import type { Permission } from '../../envoy-api/generated/envoy/config/rbac/v3/Permission.js';

/**
 * How a request is judged of which it cannot be said whether it matches: `strict` (what matches is let through) leaves it out,
 * `wide` (what matches is refused) takes it in. So both fail closed.
 */
export type Lean = 'strict' | 'wide';

/** All of these; one stands for itself, none for every request. */
export function allOf(parts: readonly Permission[]): Permission {
  const [only] = parts;
  if (only === undefined) return { any: true };
  return parts.length === 1 ? only : { and_rules: { rules: [...parts] } };
}

/** At least one of these. */
export function anyOf(parts: readonly Permission[]): Permission {
  const [only] = parts;
  return only !== undefined && parts.length === 1 ? only : { or_rules: { rules: [...parts] } };
}
