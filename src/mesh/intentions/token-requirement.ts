import type { IntentionJwtProvider, IntentionJwtRequirement } from '../../model/index.js';
import type { Intention } from './intention.js';

/** Payloads of the tokens in a request that were verified, by the provider whose keys, issuer and audiences they fit. */
export type VerifiedTokens = Readonly<Record<string, Readonly<Record<string, unknown>>>>;

/** A requirement that asks for something; one that names no provider asks for nothing. */
export function requiredToken(jwt: IntentionJwtRequirement | undefined): IntentionJwtRequirement | undefined {
  return jwt === undefined || jwt.providers.length === 0 ? undefined : jwt;
}

/** Whether a request meets a requirement: it has a token of one of the providers, with all the claims asked for there. */
export function meetsRequirement(jwt: IntentionJwtRequirement | undefined, tokens: VerifiedTokens): boolean {
  const required = requiredToken(jwt);
  return required === undefined || required.providers.some((provider) => hasToken(provider, tokens));
}

/** Providers that intentions ask tokens of, sorted. */
export function requiredProviders(intentions: readonly Intention[]): readonly string[] {
  const names = new Set<string>();
  const add = (jwt: IntentionJwtRequirement | undefined): void => {
    if (jwt) for (const { name } of jwt.providers) names.add(name);
  };
  // Without lists in between: there may be thousands of intentions, asked on each change, and hardly any asks for a token.
  for (const { jwt, source } of intentions) {
    add(jwt);
    for (const permission of source.permissions) add(permission.jwt);
  }
  return [...names].sort();
}

/**
 * Whether everybody who met one requirement meets the other as well. Errs on the safe side: true only when each way to meet
 * the one is a way to meet the other, word for word, or with fewer claims.
 */
export function isNoStricter(
  before: IntentionJwtRequirement | undefined,
  after: IntentionJwtRequirement | undefined,
): boolean {
  const [was, is] = [requiredToken(before), requiredToken(after)];
  if (is === undefined) return true;
  if (was === undefined) return false;
  return was.providers.every((old) => is.providers.some((provider) => asksForNoMore(old, provider)));
}

function asksForNoMore(old: IntentionJwtProvider, { name, verifyClaims }: IntentionJwtProvider): boolean {
  const claim = ({ path, value }: IntentionJwtProvider['verifyClaims'][number]): string =>
    JSON.stringify([path, value]);
  const known = new Set(old.verifyClaims.map(claim));
  return name === old.name && verifyClaims.every((required) => known.has(claim(required)));
}

function hasToken({ name, verifyClaims }: IntentionJwtProvider, tokens: VerifiedTokens): boolean {
  const payload = Object.hasOwn(tokens, name) ? tokens[name] : undefined;
  return payload !== undefined && verifyClaims.every(({ path, value }) => claimAt(payload, path) === value);
}

/** The value that a path of keys leads to; only objects are gone into. */
function claimAt(payload: unknown, path: readonly string[]): unknown {
  return path.reduce<unknown>(
    (value, key) =>
      typeof value === 'object' && value !== null && !Array.isArray(value) && Object.hasOwn(value, key)
        ? (value as Record<string, unknown>)[key]
        : undefined,
    payload,
  );
}
