import { type MeshView, configEntryKey } from '../../../model/index.js';
import { RECORD_TYPES } from '../message/index.js';
import { addressReply } from './address-reply.js';
import { nameError, noData, nsReply, soaReply } from './authority.js';
import { connectInstancesForDns, ingressInstancesForDns, serviceInstancesForDns } from './cells.js';
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
    case 'service':
    case 'connect':
    case 'ingress': {
      const instances = instancesOf(context, target.type, target.service);
      const tag = 'tag' in target ? target.tag : '';
      const isWanted = ({ isWarning, tags }: DnsInstance): boolean =>
        !(settings.onlyPassing && isWarning) && (tag === '' || tags.includes(tag));
      const needsFilter = settings.onlyPassing || tag !== '';
      return serviceReply(
        context,
        needsFilter ? instances.filter(isWanted) : instances,
        serviceTtl(settings, target.service),
      );
    }
  }
}

/** What nobody speaks of is not looked up as a cell: names of no meaning must not stay in memory. */
function instancesOf(
  { view }: LookupContext,
  type: 'service' | 'connect' | 'ingress',
  service: string,
): readonly DnsInstance[] {
  if (type === 'service')
    return view.range('services', 'byFoldedName', [service]).length === 0
      ? []
      : view.cell(serviceInstancesForDns, service);
  const [cell, isKnown] = type === 'connect' ? [connectInstancesForDns, isCalled] : [ingressInstancesForDns, isExposed];
  return namesOfService(view, service)
    .filter((name) => isKnown(view, name))
    .flatMap((name) => view.cell(cell, name));
}

/** Whether the mesh can call a service by itself, or a terminating gateway may lead to it. */
function isCalled(view: MeshView, name: string): boolean {
  return view.range('services', 'byConnect', [name]).length > 0 || isNamed(view, 'byLinkedService', name);
}

/** Whether an ingress gateway may expose a service. */
function isExposed(view: MeshView, name: string): boolean {
  return isNamed(view, 'byExposedService', name);
}

/** Whether an entry names a service, or all services, this one being among them. */
function isNamed(view: MeshView, index: 'byLinkedService' | 'byExposedService', name: string): boolean {
  if (view.range('config-entries', index, [name]).length > 0) return true;
  const exists = view.range('services', 'byName', [name]).length > 0 || hasDefaults(view, name);
  return exists && view.range('config-entries', index, ['*']).length > 0;
}

function hasDefaults(view: MeshView, name: string): boolean {
  return view.get('config-entries', configEntryKey('service-defaults', name)) !== undefined;
}
