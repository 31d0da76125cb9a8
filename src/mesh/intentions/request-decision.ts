import { compileRegex } from '../../lang/regex/index.js';
import type { IntentionHeaderPermission, IntentionHttpPermission, IntentionPermission } from '../../model/index.js';
import { type Caller, type Intention, type IntentionPolicy, applicableIntention } from './intention.js';
import { type VerifiedTokens, meetsRequirement } from './token-requirement.js';

/**
 * A request as its destination's proxy sees it, after normalisation. Bytes that are no UTF-8 are lone surrogates (U+DC80 to
 * U+DCFF): nothing else is equal to them.
 */
export interface AuthorizedRequest {
  readonly method: string;
  /** With query and fragment, if there are. */
  readonly path: string;
  /** Values by name in lower case, those apart that the proxy keeps apart. */
  readonly headers: Readonly<Record<string, readonly string[]>>;
  /** Absent = none. */
  readonly tokens?: VerifiedTokens;
}

const NO_TEXT = /\p{Surrogate}/u;

/**
 * What the intentions of an HTTP destination (best first) say about one request: the first that is about the caller decides; of
 * its permissions the first that matches does, else the default (consul-behaviour 4.6). A permission that asks for a token denies
 * whoever lacks it, and never leads on to the next; what is denied is denied with any token. Written for clearness, not speed: tests
 * hold the proxies' rules against it. Whether a regular expression matches what is no text cannot be said: then what allows does
 * not match, and what denies does. A header is the same said twice or with commas, a host in either case, with or without port: a
 * permission that denies overlooks none of these.
 */
export function decideRequest(
  intentions: readonly Intention[],
  defaultPolicy: IntentionPolicy,
  caller: Caller,
  request: AuthorizedRequest,
): IntentionPolicy {
  const intention = applicableIntention(intentions, caller);
  if (intention === undefined) return defaultPolicy;
  if (!meetsRequirement(intention.jwt, request.tokens ?? {})) return 'deny';
  const { action, permissions } = intention.source;
  if (permissions.length === 0) return action === 'allow' ? 'allow' : 'deny';
  const permission = permissions.find((candidate) => permissionMatches(candidate, request));
  return permission === undefined ? defaultPolicy : effectOf(permission, request);
}

/** What a permission does with a request that it is about. */
function effectOf({ action, jwt }: IntentionPermission, { tokens = {} }: AuthorizedRequest): IntentionPolicy {
  return action === 'allow' && meetsRequirement(jwt, tokens) ? 'allow' : 'deny';
}

/** Whether every part of a permission that is given matches the request. */
function permissionMatches(permission: IntentionPermission, request: AuthorizedRequest): boolean {
  const { http } = permission;
  if (http === undefined) return false;
  const ifUndecided = effectOf(permission, request) === 'deny';
  return (
    pathMatches(http, pathOf(request), ifUndecided) &&
    (http.methods.length === 0 || http.methods.includes(request.method)) &&
    http.header.every((header) => headerMatches(header, request.headers, ifUndecided))
  );
}

function pathOf(request: AuthorizedRequest): string {
  return request.path.replace(/[?#].*$/s, '');
}

function pathMatches(
  { pathExact, pathPrefix, pathRegex }: IntentionHttpPermission,
  path: string,
  ifUndecided: boolean,
): boolean {
  if (pathExact !== '') return path === pathExact;
  if (pathPrefix !== '') return path.startsWith(pathPrefix);
  if (pathRegex === '') return true;
  return NO_TEXT.test(path) ? ifUndecided : fullyMatches(pathRegex, path);
}

/** A header that is not there matches nothing but "not present", as in Envoy. */
function headerMatches(
  match: IntentionHeaderPermission,
  headers: Readonly<Record<string, readonly string[]>>,
  denies: boolean,
): boolean {
  const name = match.name.toLowerCase();
  const values = Object.hasOwn(headers, name) ? headers[name] : undefined;
  if (match.present) return (values !== undefined) !== match.invert;
  if (values === undefined) return false;
  const mustBeSeen = denies !== match.invert;
  const isHost = name === 'host' || name === ':authority';
  const formsOf = isHost ? hostForms : listForms;
  const forms = (given: readonly string[]): readonly string[] => (mustBeSeen ? given.flatMap(formsOf) : given);
  const folded = isHost && mustBeSeen;
  if (match.regex === '') {
    const looked = folded ? { ...match, ignoreCase: true } : match;
    return forms(values).some((value) => textMatches(looked, value)) !== match.invert;
  }
  const texts = values.filter((value) => !NO_TEXT.test(value));
  if (texts.length === 0) return mustBeSeen !== match.invert;
  const patterns = folded ? [match.regex, `(?i:${match.regex})`] : [match.regex];
  return forms(texts).some((text) => patterns.some((pattern) => fullyMatches(pattern, text))) !== match.invert;
}

/** A list as a whole, and every run of its items; with and without the spaces around, where it is text. */
function listForms(value: string): readonly string[] {
  const items = value.split(',');
  const runs = items.flatMap((_from, from) =>
    items.slice(from).map((_to, length) => items.slice(from, from + length + 1).join(',')),
  );
  return NO_TEXT.test(value) ? runs : [...runs, ...runs.map((run) => run.replace(/^[ \t]+|[ \t]+$/g, ''))];
}

/** A host as it is, without what follows a colon, and without a final dot. */
function hostForms(value: string): readonly string[] {
  const names = value.split(':').map((_part, at, parts) => parts.slice(0, at + 1).join(':'));
  return [...names, ...names.map((name) => name.replace(/\.$/, ''))];
}

function textMatches(
  { ignoreCase, exact, prefix, suffix, contains }: IntentionHeaderPermission,
  value: string,
): boolean {
  const folded = ignoreCase ? asciiLowerCase : (text: string): string => text;
  if (exact !== '') return folded(value) === folded(exact);
  if (prefix !== '') return folded(value).startsWith(folded(prefix));
  if (suffix !== '') return folded(value).endsWith(folded(suffix));
  return folded(value).includes(folded(contains));
}

/** Headers are bytes: only the letters of ASCII have a case. */
function asciiLowerCase(text: string): string {
  return text.replace(/[A-Z]+/g, (letters) => letters.toLowerCase());
}

function fullyMatches(pattern: string, subject: string): boolean {
  return compileRegex(pattern).testWhole(subject);
}
