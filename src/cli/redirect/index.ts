/**
 * Redirect: the rules that lead a host's or a container's connections through its transparent sidecar.
 * In: what is to be redirected and what is not. Out: rules for nftables or iptables as text, and their application.
 * Must never: leave half of the rules behind, or touch rules that are not ours.
 */
export { applyRules, preparedRules, requireRights } from './apply-rules.js';
export { type RedirectOptions, redirectPlan } from './redirect-plan.js';
export { redirectedProxy } from './redirected-proxy.js';
