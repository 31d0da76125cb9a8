import { RCODES, type DnsRecord } from '../message/index.js';
import { addressRecord, nodeName } from './address-records.js';
import { serviceInstancesForDns } from './cells.js';
import type { LookupContext, Reply } from './reply.js';
import { pick } from './pick.js';

const SERVERS = 'consul';
const MOST_SERVERS = 3;

/** The zone of a question: the domain or the alternative one, as configured. */
function zoneOf({ settings, domain }: LookupContext): string {
  const asked = domain.toLowerCase();
  return asked === `${settings.altDomain}.` ? asked : `${settings.domain}.`;
}

/** The start of authority of the zone. Its serial is the time. */
export function soaRecord(context: LookupContext): DnsRecord {
  const zone = zoneOf(context);
  const { soa } = context.settings;
  return {
    name: zone,
    ttlSeconds: soa.minTtlSeconds,
    data: {
      type: 'SOA',
      primary: `ns.${zone}`,
      mailbox: `hostmaster.${zone}`,
      serial: Math.floor(context.nowMs / 1000) >>> 0,
      refreshSeconds: soa.refreshSeconds,
      retrySeconds: soa.retrySeconds,
      expireSeconds: soa.expireSeconds,
      minimumSeconds: soa.minTtlSeconds,
    },
  };
}

/** There is no such name. */
export const nameError = (context: LookupContext): Reply => ({
  rcode: RCODES.nxDomain,
  answers: [],
  authorities: [soaRecord(context)],
  additionals: [],
});

/** There is such a name, but nothing of the type that was asked for. */
export const noData = (context: LookupContext): Reply => ({ ...nameError(context), rcode: RCODES.noError });

/** The servers of the zone, and where they are. */
export function nsReply(context: LookupContext): Reply {
  const { servers, glue } = nameServers(context);
  return { rcode: RCODES.noError, answers: servers, authorities: [], additionals: glue };
}

/** The start of authority, with the servers of the zone. */
export function soaReply(context: LookupContext): Reply {
  const { servers, glue } = nameServers(context);
  return { rcode: RCODES.noError, answers: [soaRecord(context)], authorities: servers, additionals: glue };
}

function nameServers(context: LookupContext): { readonly servers: DnsRecord[]; readonly glue: DnsRecord[] } {
  const zone = zoneOf(context);
  const ttlSeconds = context.settings.nodeTtlSeconds;
  const servers: DnsRecord[] = [];
  const glue: DnsRecord[] = [];
  const seen = new Set<string>();
  pick(context.view.cell(serviceInstancesForDns, SERVERS), context.random, ({ nodeLabels, address }) => {
    const target = nodeName(nodeLabels, context.settings.datacenter, zone);
    if (target === undefined || seen.has(target)) return true;
    seen.add(target);
    servers.push({ name: zone, ttlSeconds, data: { type: 'NS', target } });
    const record = addressRecord(target, ttlSeconds, address);
    if (record) glue.push(record);
    return servers.length < MOST_SERVERS;
  });
  return { servers, glue };
}
