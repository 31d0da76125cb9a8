import { parseDurationMs } from '../../../core/index.js';
import { findQuery, queryAnswerCell, queryKey } from '../../../mesh/queries/index.js';
import { nameError } from './authority.js';
import { readInstance } from './instance.js';
import { unpreparedRecords } from './prepared-records.js';
import type { LookupContext, Reply } from './reply.js';
import { serviceReply } from './service-reply.js';
import { serviceTtl } from './ttl.js';

/** The answer to the name of a prepared query (or what its template makes of the name): what it finds, those near first. */
export function queryReply(context: LookupContext, name: string): Reply {
  const { view, settings } = context;
  // A name that means nothing must not stay in memory as a cell.
  if (findQuery(view, name).type === 'none') return nameError(context);
  const found = view.cell(queryAnswerCell, queryKey({ query: name, datacenter: settings.datacenter, connect: false }));
  if (found.type !== 'found') return nameError(context);
  const instances = found.instances.flatMap(({ node, service, checks }) => readInstance(node, service, checks) ?? []);
  const near = found.service.near === '_agent' ? settings.nodeName : found.service.near;
  const ttlMs = parseDurationMs(found.query.dns.ttl);
  const ttlSeconds = ttlMs === undefined ? serviceTtl(settings, found.service.service.toLowerCase()) : ttlMs / 1000;
  const asked = { ...context, near: near.toLowerCase(), records: unpreparedRecords };
  const reply = serviceReply(asked, instances, Math.floor(ttlSeconds));
  return { ...reply, isForSubnet: true };
}
