import { type Caller, type Intention, type IntentionPolicy, applicableIntention } from './intention.js';
import { requiredToken } from './token-requirement.js';

export interface IntentionDecision {
  /** Whether every request is let through. Permissions count as no: only a request can tell. */
  readonly allowed: boolean;
  /** The intention that decided; absent = the default did. */
  readonly intention?: Intention;
  readonly hasPermissions: boolean;
}

/**
 * Whether a caller may connect (consul-behaviour 1.7, check), also what a TCP listener does: intentions with permissions, or
 * with a token requirement, let nobody through there.
 */
export function intentionDecision(
  intentions: readonly Intention[],
  defaultPolicy: IntentionPolicy,
  caller: Caller,
): IntentionDecision {
  const intention = applicableIntention(intentions, caller);
  if (intention === undefined) return { allowed: defaultPolicy === 'allow', hasPermissions: false };
  const hasPermissions = intention.source.permissions.length > 0;
  const allowed = !hasPermissions && requiredToken(intention.jwt) === undefined && intention.source.action === 'allow';
  return { allowed, intention, hasPermissions };
}

/** Why, in Consul's words (`/v1/agent/connect/authorize`). */
export function decisionReason({ intention, hasPermissions }: IntentionDecision): string {
  if (intention === undefined) return 'Default behavior configured by ACLs';
  const { source, destination } = intention;
  const layer = hasPermissions ? 'L7' : 'L4';
  const effect = hasPermissions ? 'Permissions: defined' : `Action: ${source.action.toUpperCase()}`;
  return `Matched ${layer} intention: default/${source.name} => default/${destination} (Precedence: ${source.precedence}, ${effect})`;
}
