import type { IntentionHttpPermission } from '../../../model/index.js';
import type { Permission } from '../../envoy-api/generated/envoy/config/rbac/v3/Permission.js';
import { ANY_TEXT, headerMatch } from './rbac-header.js';
import { type Lean, allOf, anyOf } from './rbac-lean.js';

/** The requests that one HTTP permission of an intention is about: all parts that are given must match. */
export function requestMatch(http: IntentionHttpPermission, lean: Lean): Permission {
  return allOf([
    ...pathParts(http, lean),
    ...http.header.map((match) => headerMatch(match, lean)),
    ...methodParts(http.methods),
  ]);
}

/** To Envoys before 1.40 a regular expression never matches a path that is no valid UTF-8. */
function pathParts({ pathExact, pathPrefix, pathRegex }: IntentionHttpPermission, lean: Lean): Permission[] {
  if (pathExact !== '') return [{ url_path: { path: { exact: pathExact } } }];
  if (pathPrefix !== '') return [{ url_path: { path: { prefix: pathPrefix } } }];
  if (pathRegex === '') return [];
  const match: Permission = { url_path: { path: { safe_regex: { regex: pathRegex } } } };
  return [lean === 'strict' ? match : anyOf([match, { not_rule: { url_path: { path: ANY_TEXT } } }])];
}

function methodParts(methods: readonly string[]): Permission[] {
  if (methods.length === 0) return [];
  return [anyOf(methods.map((exact) => ({ header: { name: ':method', string_match: { exact } } })))];
}
