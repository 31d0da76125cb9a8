/**
 * Operator: what those who run the servers look at and set (consul-behaviour.md 1.11): servers, autopilot, usage.
 * In: the servers as the process sees them; a view. Out: judgements, transactions, cells. Must never: know about HTTP, or claim a
 * server that nobody has seen.
 */
export {
  type AutopilotSettings,
  type JudgedServer,
  type ServerHealth,
  DEFAULT_AUTOPILOT,
  autopilotCell,
  judgeServers,
  writeAutopilot,
} from './autopilot.js';
export type { ServerMember } from './server-member.js';
export { type Usage, usageCell } from './usage.js';
export type { KeyringChange, KeyringControl, MemberKeys } from './keyring.js';
