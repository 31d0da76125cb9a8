import type { IntentionHeaderPermission } from '../../../model/index.js';
import type { Permission } from '../../envoy-api/generated/envoy/config/rbac/v3/Permission.js';
import type { StringMatcher } from '../../envoy-api/generated/envoy/type/matcher/v3/StringMatcher.js';
import { type Lean, allOf, anyOf } from './rbac-lean.js';

/** Matches every text that is valid UTF-8, line breaks included; to Envoy 1.40, for which bytes are characters, everything. */
export const ANY_TEXT: StringMatcher = { safe_regex: { regex: '[\\s\\S]*' } };

const HOST_NAMES = ['host', ':authority'];

/**
 * The requests that have, or (inverted) do not have, such a header. Envoy lets no condition but "not present" hold for a header
 * that is missing, inverted or not.
 *
 * A client says the same in several ways: a header twice, or once with commas; a host in upper case, with a port or a final dot.
 * Which of these Envoy sees apart depends on the header and on its version. What must not be evaded that way (a header that makes
 * a request refused, or whose absence lets it through) is therefore looked for in all of them.
 */
export function headerMatch(match: IntentionHeaderPermission, lean: Lean): Permission {
  const { name, invert } = match;
  const inverted = invert ? { invert_match: true } : {};
  if (match.present) return { header: { name, present_match: true, ...inverted } };
  const mustBeSeen = (lean === 'wide') !== invert;
  const ways = mustBeSeen ? everyWay(match) : [valueMatch(match)];
  const parts: Permission[] = ways.map((string_match) => ({ header: { name, string_match, ...inverted } }));
  // To Envoys before 1.40 a regular expression never matches bytes that are no text.
  if (mustBeSeen && match.regex !== '')
    parts.push({ header: { name, string_match: ANY_TEXT, ...(invert ? {} : { invert_match: true }) } });
  return invert ? allOf(parts) : anyOf(parts);
}

function valueMatch(match: IntentionHeaderPermission): StringMatcher {
  if (match.regex !== '') return { safe_regex: { regex: match.regex } };
  const folded = match.ignoreCase ? { ignore_case: true } : {};
  if (match.exact !== '') return { exact: match.exact, ...folded };
  if (match.prefix !== '') return { prefix: match.prefix, ...folded };
  if (match.suffix !== '') return { suffix: match.suffix, ...folded };
  return { contains: match.contains, ...folded };
}

function everyWay(match: IntentionHeaderPermission): readonly StringMatcher[] {
  return HOST_NAMES.includes(match.name.toLowerCase()) ? hostWays(match) : listWays(match);
}

/** As one of several values between commas, too. Literals see what is no text; expressions see spaces. */
function listWays(match: IntentionHeaderPermission): readonly StringMatcher[] {
  const { exact, prefix, suffix, regex } = match;
  const folded = match.ignoreCase ? { ignore_case: true } : {};
  const literal = match.ignoreCase ? eitherCase : quoted;
  const pattern = (text: string): StringMatcher => ({ safe_regex: { regex: text } });
  const whole = valueMatch(match);
  if (regex !== '') return [whole, pattern(`(?:[\\s\\S]*,)?[ \\t]*(?:${regex})[ \\t]*(?:,[\\s\\S]*)?`)];
  if (exact !== '')
    return [
      whole,
      { prefix: `${exact},`, ...folded },
      { suffix: `,${exact}`, ...folded },
      { contains: `,${exact},`, ...folded },
      pattern(`(?:[\\s\\S]*,)?[ \\t]*${literal(exact)}[ \\t]*(?:,[\\s\\S]*)?`),
    ];
  if (prefix !== '')
    return [whole, { contains: `,${prefix}`, ...folded }, pattern(`[\\s\\S]*,[ \\t]*${literal(prefix)}[\\s\\S]*`)];
  if (suffix !== '')
    return [whole, { contains: `${suffix},`, ...folded }, pattern(`[\\s\\S]*${literal(suffix)}[ \\t]*,[\\s\\S]*`)];
  return [whole];
}

/** In either case, with a port and a final dot, too. */
function hostWays(match: IntentionHeaderPermission): readonly StringMatcher[] {
  const { exact, prefix, suffix, regex, contains } = match;
  if (regex !== '')
    return [{ safe_regex: { regex } }, { safe_regex: { regex: `(?i:(?:${regex})\\.?(?::[\\s\\S]*)?)` } }];
  const ignore_case = true;
  if (prefix !== '') return [{ prefix, ignore_case }];
  if (contains !== '') return [{ contains, ignore_case }];
  return exact !== ''
    ? [
        { exact, ignore_case },
        { exact: `${exact}.`, ignore_case },
        ...[`${exact}:`, `${exact}.:`].map((start) => ({ prefix: start, ignore_case })),
      ]
    : [
        ...[suffix, `${suffix}.`].map((end) => ({ suffix: end, ignore_case })),
        ...[`${suffix}:`, `${suffix}.:`].map((part) => ({ contains: part, ignore_case })),
      ];
}

/** Text that stands for itself in a regular expression. */
export function quoted(text: string): string {
  return text.replace(/[\\^$.|?*+()[\]{}]/g, '\\$&');
}

/** The same in either case of the letters of ASCII, as Envoy compares. */
function eitherCase(text: string): string {
  return quoted(text).replace(/[a-z]/gi, (letter) => `[${letter.toLowerCase()}${letter.toUpperCase()}]`);
}
