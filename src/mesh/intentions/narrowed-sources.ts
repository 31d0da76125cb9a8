import { deepEqual } from '../../core/index.js';
import type { IntentionJwtRequirement, IntentionPermission } from '../../model/index.js';
import type { Caller, Intention, IntentionPolicy } from './intention.js';
import { isNoStricter, requiredToken } from './token-requirement.js';

/** What decides about a caller: all, nothing, or permissions (or everything) for who has the token that is asked for. */
type Rule =
  | 'allow'
  | 'deny'
  | { readonly permissions: readonly IntentionPermission[]; readonly token: IntentionJwtRequirement | undefined };

/** Lists longer than this are not looked into; a change of them counts as taking something away. */
const MAX_COMPARISONS = 40_000;

/** More callers than this are not noted one by one: that would take long, and everybody's connections may as well end. */
const MAX_NAMED = 1000;

/** A name that no intention mentions: it stands for all callers that are not mentioned. */
const ANYBODY_ELSE = '*';

export interface IntentionState {
  /** The intentions of one destination, best first. */
  readonly intentions: readonly Intention[];
  readonly defaultPolicy: IntentionPolicy;
  /** Whether the destination is asked about requests; a TCP destination knows connections only. */
  readonly http: boolean;
}

/**
 * The callers from whom a change may have taken something away that they were allowed before: names, `peer:<peer>/<name>`, or
 * just `*` when callers are among them that no intention mentions, or more than a thousand. Errs on the safe side: only a change that surely takes
 * nothing away from a caller leaves it out.
 */
export function narrowedSources(before: IntentionState, after: IntentionState): readonly string[] {
  const [ruleBefore, ruleAfter] = [rulesOf(before), rulesOf(after)];
  const narrowed = mentionedCallers([...before.intentions, ...after.intentions])
    .filter((caller) => mayNarrow(ruleBefore(caller), ruleAfter(caller), before, after))
    .map(callerName);
  const isForAll = narrowed.length > MAX_NAMED || narrowed.includes(ANYBODY_ELSE);
  return isForAll ? [ANYBODY_ELSE] : narrowed.sort();
}

function callerName({ name, peer }: Caller): string {
  return peer ? `peer:${peer}/${name}` : name;
}

/** Everybody mentioned, and for this mesh and each peer somebody who is not. */
function mentionedCallers(intentions: readonly Intention[]): readonly Caller[] {
  const callers = new Map<string, Caller>();
  const add = (caller: Caller): unknown => callers.set(callerName(caller), caller);
  add({ name: ANYBODY_ELSE });
  for (const { source } of intentions) {
    add({ name: source.name, peer: source.peer });
    add({ name: ANYBODY_ELSE, peer: source.peer });
  }
  return [...callers.values()];
}

/** Caller -> rule, without looking through all intentions for each. */
function rulesOf(state: IntentionState): (caller: Caller) => Rule {
  const positions = new Map<string, number>();
  for (const [position, { source }] of state.intentions.entries()) {
    const name = callerName(source);
    if (!positions.has(name)) positions.set(name, position);
  }
  return ({ name, peer = '' }) => {
    const exact = positions.get(callerName({ name, peer })) ?? Number.POSITIVE_INFINITY;
    const anybody = positions.get(callerName({ name: ANYBODY_ELSE, peer })) ?? Number.POSITIVE_INFINITY;
    return ruleOf(state, state.intentions[Math.min(exact, anybody)]);
  };
}

function ruleOf(state: IntentionState, intention: Intention | undefined): Rule {
  if (intention === undefined) return state.defaultPolicy;
  const { action, permissions } = intention.source;
  const token = requiredToken(intention.jwt);
  if (permissions.length === 0 && token === undefined) return action === 'allow' ? 'allow' : 'deny';
  if (!state.http) return 'deny';
  if (permissions.length === 0 && action !== 'allow') return 'deny';
  return { permissions, token };
}

function mayNarrow(before: Rule, after: Rule, was: IntentionState, is: IntentionState): boolean {
  if (before === 'deny' || after === 'allow') return false;
  if (before === 'allow' || after === 'deny') return true;
  if (was.defaultPolicy !== is.defaultPolicy || !isNoStricter(before.token, after.token)) return true;
  return !isWidening(before.permissions, after.permissions);
}

/**
 * Whether the new list comes from the old one only by adding allows that ask for no token, leaving out denies, and asking for
 * less of tokens, wherever: then whatever was let through still is. `reachable[j]`: the old list up to here can have become the
 * first j of the new one.
 */
function isWidening(before: readonly IntentionPermission[], after: readonly IntentionPermission[]): boolean {
  if (deepEqual(before, after)) return true;
  if (before.length * after.length > MAX_COMPARISONS) return false;
  if ((before.length === 0) !== (after.length === 0)) return false;
  const addAllows = (row: readonly boolean[]): boolean[] => {
    const result = [...row];
    for (const [position, permission] of after.entries())
      if (result[position] && isOpenAllow(permission)) result[position + 1] = true;
    return result;
  };
  let reachable = addAllows([true, ...after.map(() => false)]);
  for (const old of before) {
    const kept = after.map((permission, position) => Boolean(reachable[position]) && isKept(old, permission));
    const row = reachable.map((value, position) => (value && old.action === 'deny') || Boolean(kept[position - 1]));
    reachable = addAllows(row);
  }
  return reachable[after.length] === true;
}

function isOpenAllow({ action, jwt }: IntentionPermission): boolean {
  return action === 'allow' && requiredToken(jwt) === undefined;
}

/** The same permission, asking for no more than before. */
function isKept(old: IntentionPermission, { action, http, jwt }: IntentionPermission): boolean {
  return old.action === action && deepEqual(old.http, http) && (action === 'deny' || isNoStricter(old.jwt, jwt));
}
