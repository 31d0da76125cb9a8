import { CHAINS, type Family, LOOPBACK, type PortRange, type RedirectPlan } from './redirect-plan.js';

/**
 * The rules of a family as input for `iptables-restore --noflush`: our chains are emptied and filled, our jumps replaced, all in one
 * transaction; everything else stays. A family that the plan leaves out has its chains emptied. `saved` is what `iptables-save -t nat` prints: the jumps of an earlier run are found in it.
 */
export function iptablesScript(plan: RedirectPlan, family: Family, saved: string): string {
  const lines = [
    '*nat',
    // Naming a chain makes it, or empties it.
    ...Object.values(CHAINS).map((name) => `:${name} - [0:0]`),
    ...oldJumps(saved).map((rule) => rule.replace(/^-A/, '-D')),
    ...(plan.families.includes(family) ? rules(plan, family) : []),
    'COMMIT',
  ];
  return `${lines.join('\n')}\n`;
}

/** Only what opens a connection is led anywhere: one that was open before would be torn from its other end. */
function rules(plan: RedirectPlan, family: Family): readonly string[] {
  const dns = plan.dns?.family === family ? plan.dns : undefined;
  return [
    `-A ${CHAINS.inboundRedirect} -p tcp -j REDIRECT --to-ports ${plan.inboundPort}`,
    ...plan.excludeInbound.map((range) => returnPorts(CHAINS.inbound, range)),
    `-A ${CHAINS.inbound} -p tcp -j ${CHAINS.inboundRedirect}`,
    `-A ${CHAINS.outboundRedirect} -p tcp -j REDIRECT --to-ports ${plan.outboundPort}`,
    ...plan.uids.map((uid) => returnUser(CHAINS.outbound, uid)),
    ...plan.excludeOutbound.map((range) => returnPorts(CHAINS.outbound, range)),
    ...[LOOPBACK[family], ...plan.excludeAddresses[family]].map(
      (range) => `-A ${CHAINS.outbound} -d ${range} -j RETURN`,
    ),
    `-A ${CHAINS.outbound} -j ${CHAINS.outboundRedirect}`,
    ...(dns ? dnsRules(plan, dns) : []),
    `-A PREROUTING -p tcp --syn -j ${CHAINS.inbound}`,
    ...(dns ? ['udp', 'tcp'].map((protocol) => `-A OUTPUT -p ${protocol} --dport 53 -j ${CHAINS.dns}`) : []),
    `-A OUTPUT -p tcp --syn -j ${CHAINS.outbound}`,
  ];
}

/** The proxy's own queries are left alone: it may be the one that answers them. */
function dnsRules(plan: RedirectPlan, { address, port, family }: NonNullable<RedirectPlan['dns']>): readonly string[] {
  const to = family === 6 ? `[${address}]:${port}` : `${address}:${port}`;
  return [
    ...plan.uids.map((uid) => returnUser(CHAINS.dns, uid)),
    ...['udp', 'tcp'].map((protocol) => `-A ${CHAINS.dns} -p ${protocol} -j DNAT --to-destination ${to}`),
  ];
}

/** Rules of the built-in chains that lead into one of ours, as `iptables-save` prints them. */
function oldJumps(saved: string): readonly string[] {
  const ours = new Set<string>(Object.values(CHAINS));
  return saved
    .split('\n')
    .filter((line) => /^-A (?:PREROUTING|OUTPUT) /.test(line) && ours.has(/ -j (\S+)/.exec(line)?.[1] ?? ''));
}

const returnUser = (name: string, uid: string): string => `-A ${name} -m owner --uid-owner ${uid} -j RETURN`;

const returnPorts = (name: string, { from, to }: PortRange): string =>
  `-A ${name} -p tcp --dport ${from === to ? from : `${from}:${to}`} -j RETURN`;
