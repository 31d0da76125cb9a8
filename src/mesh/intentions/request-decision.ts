import { compileRegex } from '../../lang/regex/index.js';
import type { IntentionHeaderPermission, IntentionHttpPermission, IntentionPermission } from '../../model/index.js';
import { type Caller, type Intention, type IntentionPolicy, applicableIntention } from './intention.js';

/** A request as its destination's proxy sees it, after normalisation. */
export interface AuthorizedRequest {
  readonly method: string;
  /** With query and fragment, if there are. */
  readonly path: string;
  /** Names in lower case; several values joined by commas. */
  readonly headers: Readonly<Record<string, string>>;
}

/**
 * What the intentions of an HTTP destination (best first) say about one request: the first that is about the caller decides; of
 * its permissions the first that matches does, else the default (consul-behaviour 4.6). Written for clearness, not speed: tests
 * hold the proxies' rules against it. Token requirements are never met here.
 */
export function decideRequest(
  intentions: readonly Intention[],
  defaultPolicy: IntentionPolicy,
  caller: Caller,
  request: AuthorizedRequest,
): IntentionPolicy {
  const intention = applicableIntention(intentions, caller);
  if (intention === undefined) return defaultPolicy;
  if (intention.jwt !== undefined) return 'deny';
  const { action, permissions } = intention.source;
  if (permissions.length === 0) return action === 'allow' ? 'allow' : 'deny';
  const permission = permissions.find((candidate) => permissionMatches(candidate, request));
  if (permission === undefined) return defaultPolicy;
  return permission.action === 'allow' && permission.jwt === undefined ? 'allow' : 'deny';
}

/** Whether every part of a permission that is given matches the request. */
function permissionMatches({ http }: IntentionPermission, request: AuthorizedRequest): boolean {
  if (http === undefined) return false;
  return (
    pathMatches(http, pathOf(request)) &&
    (http.methods.length === 0 || http.methods.includes(request.method)) &&
    http.header.every((header) => headerMatches(header, request.headers))
  );
}

function pathOf(request: AuthorizedRequest): string {
  return request.path.replace(/[?#].*$/s, '');
}

function pathMatches({ pathExact, pathPrefix, pathRegex }: IntentionHttpPermission, path: string): boolean {
  if (pathExact !== '') return path === pathExact;
  if (pathPrefix !== '') return path.startsWith(pathPrefix);
  return pathRegex === '' || fullyMatches(pathRegex, path);
}

/** A header that is not there matches nothing but "not present", as in Envoy. */
function headerMatches(match: IntentionHeaderPermission, headers: Readonly<Record<string, string>>): boolean {
  const name = match.name.toLowerCase();
  const value = Object.hasOwn(headers, name) ? headers[name] : undefined;
  if (match.present) return (value !== undefined) !== match.invert;
  return value !== undefined && valueMatches(match, value) !== match.invert;
}

function valueMatches(match: IntentionHeaderPermission, value: string): boolean {
  if (match.regex !== '') return fullyMatches(match.regex, value);
  const folded = (text: string): string => (match.ignoreCase ? text.toLowerCase() : text);
  if (match.exact !== '') return folded(value) === folded(match.exact);
  if (match.prefix !== '') return folded(value).startsWith(folded(match.prefix));
  if (match.suffix !== '') return folded(value).endsWith(folded(match.suffix));
  return folded(value).includes(folded(match.contains));
}

function fullyMatches(pattern: string, subject: string): boolean {
  return compileRegex(`\\A(?:${pattern})\\z`).test(subject);
}
