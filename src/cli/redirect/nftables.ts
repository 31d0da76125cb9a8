import { CHAINS, type Family, LOOPBACK, type PortRange, type RedirectPlan } from './redirect-plan.js';

const TABLE = 'meshwright_redirect';
const FAMILY: Readonly<Record<Family, string>> = { 4: 'ip', 6: 'ip6' };
/** Where destinations are rewritten: `dstnat`, which older versions of nft do not know by name everywhere. */
const PRIORITY = -100;
/**
 * The first packet of a connection. A connection that was open before the rules came is new to them with any packet, and would be
 * torn from its other end.
 */
const OPENING = 'tcp flags & (fin | syn | rst | ack) == syn';

/**
 * The rules as a script for `nft -f -`: tables of our own, made anew in one transaction, so that a second run changes nothing and
 * a failing one leaves what was there. `families` are those there are on the host; one that the plan leaves out loses its table.
 */
export function nftablesScript(plan: RedirectPlan, families: readonly Family[]): string {
  const lines = families.flatMap((family) => {
    const table = `table ${FAMILY[family]} ${TABLE}`;
    // Adding first makes the deletion succeed whether it was there or not.
    const cleared = [`add ${table}`, `delete ${table}`];
    if (!plan.families.includes(family)) return cleared;
    return [...cleared, `${table} {`, ...chains(plan, family).map((line) => `  ${line}`), '}'];
  });
  return `${lines.join('\n')}\n`;
}

function chains(plan: RedirectPlan, family: Family): readonly string[] {
  const dns = plan.dns?.family === family ? plan.dns : undefined;
  return [
    ...chain(CHAINS.inboundRedirect, [`meta l4proto tcp redirect to :${plan.inboundPort}`]),
    ...chain(CHAINS.inbound, [...plan.excludeInbound.map(returnPorts), `jump ${CHAINS.inboundRedirect}`]),
    ...chain(CHAINS.outboundRedirect, [`meta l4proto tcp redirect to :${plan.outboundPort}`]),
    ...chain(CHAINS.outbound, [
      ...plan.uids.map(returnUser),
      ...plan.excludeOutbound.map(returnPorts),
      ...[LOOPBACK[family], ...plan.excludeAddresses[family]].map((range) => `${FAMILY[family]} daddr ${range} return`),
      `jump ${CHAINS.outboundRedirect}`,
    ]),
    ...(dns ? dnsChain(plan, dns) : []),
    ...hook('prerouting', [`${OPENING} jump ${CHAINS.inbound}`]),
    ...hook('output', [...(dns ? dnsJumps : []), `${OPENING} jump ${CHAINS.outbound}`]),
  ];
}

/** The proxy's own queries are left alone: it may be the one that answers them. */
function dnsChain(plan: RedirectPlan, { address, port, family }: NonNullable<RedirectPlan['dns']>): readonly string[] {
  const to = family === 6 ? `[${address}]:${port}` : `${address}:${port}`;
  return chain(CHAINS.dns, [
    ...plan.uids.map(returnUser),
    ...['udp', 'tcp'].map((protocol) => `meta l4proto ${protocol} dnat to ${to}`),
  ]);
}

const dnsJumps = ['udp', 'tcp'].map((protocol) => `${protocol} dport 53 jump ${CHAINS.dns}`);

const chain = (name: string, rules: readonly string[]): readonly string[] => [
  `chain ${name} {`,
  ...rules.map((rule) => `  ${rule}`),
  '}',
];

const hook = (name: 'prerouting' | 'output', rules: readonly string[]): readonly string[] =>
  chain(name, [`type nat hook ${name} priority ${PRIORITY}; policy accept;`, ...rules]);

const returnUser = (uid: string): string => `meta skuid ${uid} return`;

const returnPorts = ({ from, to }: PortRange): string => `tcp dport ${from === to ? from : `${from}-${to}`} return`;
