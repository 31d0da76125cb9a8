import type { IntentionHeaderPermission, IntentionHttpPermission } from '../../model/index.js';
import type { Permission } from '../envoy-api/generated/envoy/config/rbac/v3/Permission.js';
import type { StringMatcher } from '../envoy-api/generated/envoy/type/matcher/v3/StringMatcher.js';

/**
 * How a request is judged whose path or header is no valid UTF-8, on which a regular expression never matches in Envoy: `strict`
 * (what matches is let through) leaves it out, `wide` (what matches is refused) takes it in. So both fail closed.
 */
export type Lean = 'strict' | 'wide';

/** Matches every text that is valid UTF-8, line breaks included. */
const ANY_TEXT = { safe_regex: { regex: '[\\s\\S]*' } };

/** The requests that one HTTP permission of an intention is about: all parts that are given must match. */
export function requestMatch(http: IntentionHttpPermission, lean: Lean): Permission {
  return allOf([
    ...pathParts(http, lean),
    ...http.header.map((match) => headerPart(match, lean)),
    ...methodParts(http.methods),
  ]);
}

/** All of these; one stands for itself, none for every request. */
export function allOf(parts: readonly Permission[]): Permission {
  const [only] = parts;
  if (only === undefined) return { any: true };
  return parts.length === 1 ? only : { and_rules: { rules: [...parts] } };
}

function anyOf(parts: readonly Permission[]): Permission {
  const [only] = parts;
  return only !== undefined && parts.length === 1 ? only : { or_rules: { rules: [...parts] } };
}

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

/** Envoy lets no condition but "not present" hold for a header that is missing, inverted or not. */
function headerPart(match: IntentionHeaderPermission, lean: Lean): Permission {
  const { name } = match;
  const inverted = match.invert ? { invert_match: true } : {};
  if (match.present) return { header: { name, present_match: true, ...inverted } };
  const part: Permission = { header: { name, string_match: valueMatch(match), ...inverted } };
  if (match.regex === '') return part;
  if (match.invert) return lean === 'wide' ? part : allOf([part, { header: { name, string_match: ANY_TEXT } }]);
  return lean === 'strict' ? part : anyOf([part, { header: { name, string_match: ANY_TEXT, invert_match: true } }]);
}

function valueMatch(match: IntentionHeaderPermission): StringMatcher {
  if (match.regex !== '') return { safe_regex: { regex: match.regex } };
  const folded = match.ignoreCase ? { ignore_case: true } : {};
  if (match.exact !== '') return { exact: match.exact, ...folded };
  if (match.prefix !== '') return { prefix: match.prefix, ...folded };
  if (match.suffix !== '') return { suffix: match.suffix, ...folded };
  return { contains: match.contains, ...folded };
}
