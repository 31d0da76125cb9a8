import { RECORD_TYPES } from '../message/index.js';
import { addressReply } from './address-reply.js';
import { nameError, noData, nsReply, soaReply } from './authority.js';
import { connectInstancesForDns, serviceInstancesForDns } from './cells.js';
import type { DnsInstance } from './instance.js';
import { nodeReply } from './node-reply.js';
import { isHere } from './place.js';
import { queryReply } from './query-reply.js';
import type { LookupContext, Reply } from './reply.js';
import { namesOfService } from './service-names.js';
import { serviceReply } from './service-reply.js';
import { readTarget } from './target.js';
import { serviceTtl } from './ttl.js';
import { virtualReply } from './virtual-reply.js';

/**
 * The answer to a question about a name of the domain, from the state at hand (consul-behaviour 9). `relative` is the name without
 * the domain, in lower case.
 */
export function domainReply(context: LookupContext, relative: string): Reply {
  const { settings, question } = context;
  if (question.type === RECORD_TYPES.SOA) return soaReply(context);
  if (question.type === RECORD_TYPES.NS) return nsReply(context);
  const target = readTarget(relative, question.type);
  if (target.type === 'apex') return noData(context);
  if (target.type === 'unknown') return nameError(context);
  if (target.type === 'address') return addressReply(context, target.hex);
  if (!isHere(target.place, settings)) return nameError(context);
  switch (target.type) {
    case 'node':
      return nodeReply(context, target.node);
    case 'virtual':
      return virtualReply(context, target.service);
    case 'query':
      return queryReply(context, target.query);
    case 'ingress':
      // No gateway serves anything yet.
      return nameError(context);
    case 'service':
    case 'connect': {
      const instances = instancesOf(context, target.type, target.service);
      const isWanted = ({ isWarning, tags }: DnsInstance): boolean =>
        !(settings.onlyPassing && isWarning) && (target.tag === '' || tags.includes(target.tag));
      const needsFilter = settings.onlyPassing || target.tag !== '';
      return serviceReply(
        context,
        needsFilter ? instances.filter(isWanted) : instances,
        serviceTtl(settings, target.service),
      );
    }
  }
}

/** What is not registered is not looked up as a cell: names of no meaning must not stay in memory. */
function instancesOf({ view }: LookupContext, type: 'service' | 'connect', service: string): readonly DnsInstance[] {
  if (type === 'service')
    return view.range('services', 'byFoldedName', [service]).length === 0
      ? []
      : view.cell(serviceInstancesForDns, service);
  return namesOfService(view, service)
    .filter((name) => view.range('services', 'byConnect', [name]).length > 0)
    .flatMap((name) => view.cell(connectInstancesForDns, name));
}
