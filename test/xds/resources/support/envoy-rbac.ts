import { compileRegex } from '../../../../src/lang/regex/index.js';
import type { HeaderMatcher } from '../../../../src/xds/envoy-api/generated/envoy/config/route/v3/HeaderMatcher.js';
import type { Permission } from '../../../../src/xds/envoy-api/generated/envoy/config/rbac/v3/Permission.js';
import type { Principal } from '../../../../src/xds/envoy-api/generated/envoy/config/rbac/v3/Principal.js';
import type { MetadataMatcher } from '../../../../src/xds/envoy-api/generated/envoy/type/matcher/v3/MetadataMatcher.js';
import type { RBAC } from '../../../../src/xds/envoy-api/generated/envoy/config/rbac/v3/RBAC.js';
import type { StringMatcher } from '../../../../src/xds/envoy-api/generated/envoy/type/matcher/v3/StringMatcher.js';

/** What an Envoy sees. Texts are bytes, one per character, so that some may be no valid UTF-8. */
export interface SeenRequest {
  readonly spiffeId: string;
  readonly method: string;
  /** With query and fragment, if there are. */
  readonly path: string;
  /** Values by name in lower case, those apart that Envoy keeps apart. */
  readonly headers: Readonly<Record<string, readonly string[]>>;
  /** What filters in front have found out: filter -> key -> value. Absent = nothing. */
  readonly metadata?: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
}

/** What an RBAC filter with these rules does, as Envoy documents it. Throws for what the rules of a sidecar never use. */
export function isAllowed(rules: RBAC, request: SeenRequest): boolean {
  const hit = Object.values(rules.policies ?? {}).some(
    (policy) =>
      (policy.permissions ?? []).some((permission) => permits(permission, request)) &&
      (policy.principals ?? []).some((principal) => isCaller(principal, request)),
  );
  return rules.action === 'DENY' ? !hit : hit;
}

function permits(permission: Permission, request: SeenRequest): boolean {
  if (permission.any) return true;
  if (permission.and_rules) return (permission.and_rules.rules ?? []).every((rule) => permits(rule, request));
  if (permission.or_rules) return (permission.or_rules.rules ?? []).some((rule) => permits(rule, request));
  if (permission.not_rule) return !permits(permission.not_rule, request);
  if (permission.url_path?.path) return textMatches(permission.url_path.path, request.path.replace(/[?#].*$/s, ''));
  if (permission.header) return headerMatches(permission.header, request);
  if (permission.metadata) return metadataMatches(permission.metadata, request);
  throw new Error(`unknown permission ${JSON.stringify(permission)}`);
}

function isCaller(principal: Principal, request: SeenRequest): boolean {
  if (principal.and_ids) return (principal.and_ids.ids ?? []).every((id) => isCaller(id, request));
  if (principal.any) return true;
  if (principal.or_ids) return (principal.or_ids.ids ?? []).some((id) => isCaller(id, request));
  if (principal.metadata) return metadataMatches(principal.metadata, request);
  if (principal.not_id) return !isCaller(principal.not_id, request);
  if (principal.authenticated?.principal_name)
    return textMatches(principal.authenticated.principal_name, request.spiffeId);
  throw new Error(`unknown principal ${JSON.stringify(principal)}`);
}

/** A path leads through objects to a text, which must match; anything else does not. */
function metadataMatches({ filter = '', path = [], value }: MetadataMatcher, request: SeenRequest): boolean {
  let found: unknown = request.metadata?.[filter];
  for (const { key = '' } of path) {
    if (key === '') throw new Error('an Envoy refuses a path with an empty key');
    const isObject = typeof found === 'object' && found !== null && !Array.isArray(found);
    found = isObject && Object.hasOwn(found as object, key) ? (found as Record<string, unknown>)[key] : undefined;
  }
  if (!value?.string_match) throw new Error(`unknown value matcher ${JSON.stringify(value)}`);
  return typeof found === 'string' && textMatches(value.string_match, bytesOf(found));
}

/** Of several values one is enough; inverted, none may match. */
function headerMatches(match: HeaderMatcher, request: SeenRequest): boolean {
  const name = (match.name ?? '').toLowerCase();
  const values = name === ':method' ? [request.method] : request.headers[name];
  const inverted = match.invert_match === true;
  if (match.present_match !== undefined) return ((values !== undefined) === match.present_match) !== inverted;
  const { string_match: text } = match;
  if (values === undefined || !text) return false;
  return values.some((value) => textMatches(text, value)) !== inverted;
}

function textMatches(match: StringMatcher, value: string): boolean {
  if (match.safe_regex) return regexMatches(match.safe_regex.regex ?? '', value);
  // Only the letters of ASCII have a case.
  const folded = (bytes: string): string =>
    match.ignore_case ? bytes.replace(/[A-Z]+/g, (letters) => letters.toLowerCase()) : bytes;
  const told = (text: string): string => folded(bytesOf(text));
  if (match.exact !== undefined) return folded(value) === told(match.exact);
  if (match.prefix !== undefined) return folded(value).startsWith(told(match.prefix));
  if (match.suffix !== undefined) return folded(value).endsWith(told(match.suffix));
  if (match.contains !== undefined) return folded(value).includes(told(match.contains));
  throw new Error(`unknown string matcher ${JSON.stringify(match)}`);
}

const bytesOf = (text: string): string => Buffer.from(text, 'utf8').toString('latin1');

const compiled = new Map<string, ReturnType<typeof compileRegex>>();

/** A regular expression must match the whole text, and never matches what is no valid UTF-8. */
function regexMatches(pattern: string, bytes: string): boolean {
  const text = Buffer.from(bytes, 'latin1').toString('utf8');
  const regex = compiled.get(pattern) ?? compileRegex(pattern);
  compiled.set(pattern, regex);
  return bytesOf(text) === bytes && regex.testWhole(text);
}
