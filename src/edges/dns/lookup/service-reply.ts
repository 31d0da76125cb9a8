import { type DnsRecord, RCODES, RECORD_TYPES } from '../message/index.js';
import { addressRecord, isWanted, nodeName, textRecords } from './address-records.js';
import { nameError, noData } from './authority.js';
import { hostAddresses } from './internal-host.js';
import type { DnsInstance } from './instance.js';
import { pick } from './pick.js';
import type { LookupContext, Reply } from './reply.js';

/** The answer about instances of a service: addresses, or SRV with the addresses beside it; shuffled before any limit. */
export function serviceReply(context: LookupContext, instances: readonly DnsInstance[], ttlSeconds: number): Reply {
  if (instances.length === 0) return nameError(context);
  const reply =
    context.question.type === RECORD_TYPES.SRV
      ? srvReply(context, instances, ttlSeconds)
      : addressReply(context, instances, ttlSeconds);
  return reply.answers.length === 0 ? noData(context) : reply;
}

function srvReply(context: LookupContext, instances: readonly DnsInstance[], ttlSeconds: number): Reply {
  const { question, mostAnswers } = context;
  const answers: DnsRecord[] = [];
  const additionals: DnsRecord[] = [];
  const hosts: string[] = [];
  const seen = new Set<string>();
  const told = new Set<string>();
  inOrder(context, instances, (instance) => {
    const target = srvTarget(context, instance);
    const key = `${target.name} ${instance.port} ${instance.weight}`;
    if (seen.has(key)) return true;
    seen.add(key);
    answers.push({
      name: question.name,
      ttlSeconds,
      data: { type: 'SRV', priority: 1, weight: instance.weight, port: instance.port, target: target.name },
    });
    if (!told.has(target.name)) {
      told.add(target.name);
      if (instance.address.type === 'host') {
        const inside = hostAddresses(context, target.name);
        if (inside) additionals.push(...inside);
        else hosts.push(target.name);
      } else {
        const glue = addressRecord(target.name, ttlSeconds, instance.address);
        if (glue) additionals.push(glue);
        if (target.isNode && context.settings.nodeMetaTxt)
          additionals.push(...textRecords(target.name, ttlSeconds, instance.nodeTexts));
      }
    }
    return answers.length < mostAnswers;
  });
  return {
    rcode: RCODES.noError,
    answers,
    authorities: [],
    additionals,
    ...(hosts.length > 0 ? { hosts: { names: hosts, section: 'additionals' } } : {}),
  };
}

/** A host elsewhere by its name, an instance at its node by the node's, any other by a name that spells its address. */
function srvTarget(
  { settings: { datacenter }, domain }: LookupContext,
  { address, isAtNode, nodeLabels }: DnsInstance,
): { readonly name: string; readonly isNode: boolean } {
  if (address.type === 'host') return { name: address.name, isNode: false };
  const node = isAtNode ? nodeName(nodeLabels, datacenter, domain) : undefined;
  return node === undefined
    ? { name: `${address.hex}.addr.${datacenter}.${domain}`, isNode: false }
    : { name: node, isNode: true };
}

/** Addresses, each once. A name may have one CNAME and nothing beside it: a host elsewhere is named when there is no address. */
function addressReply(context: LookupContext, instances: readonly DnsInstance[], ttlSeconds: number): Reply {
  const { question, settings } = context;
  const limit = Math.min(settings.aRecordLimit || context.mostAnswers, context.mostAnswers);
  const answers: DnsRecord[] = [];
  const seen = new Set<string>();
  let host: string | undefined;
  inOrder(context, instances, ({ address }) => {
    if (!isWanted(address, question.type)) return true;
    if (address.type === 'host') {
      host ??= address.name;
      return true;
    }
    if (!seen.has(address.address)) {
      seen.add(address.address);
      answers.push({ name: question.name, ttlSeconds, data: { type: address.type, address: address.address } });
    }
    return answers.length < limit;
  });
  if (answers.length > 0 || host === undefined)
    return { rcode: RCODES.noError, answers, authorities: [], additionals: [] };
  return hostReply(context, host, ttlSeconds);
}

/** By chance; those on the node that is to be near before all others. */
function inOrder(
  { near, random }: LookupContext,
  instances: readonly DnsInstance[],
  take: (instance: DnsInstance) => boolean,
): void {
  if (!near) return pick(instances, random, take);
  const isNear = ({ node }: DnsInstance): boolean => node.toLowerCase() === near;
  let more = true;
  const takeMore = (instance: DnsInstance): boolean => (more = take(instance));
  pick(instances.filter(isNear), random, takeMore);
  if (more)
    pick(
      instances.filter((one) => !isNear(one)),
      random,
      takeMore,
    );
}

/** A name that stands for a host: its CNAME, and the addresses of the host if they are known here. */
export function hostReply(context: LookupContext, host: string, ttlSeconds: number): Reply {
  const alias: DnsRecord = { name: context.question.name, ttlSeconds, data: { type: 'CNAME', target: host } };
  const inside = hostAddresses(context, host);
  return {
    rcode: RCODES.noError,
    answers: [alias, ...(inside ?? [])],
    authorities: [],
    additionals: [],
    ...(inside ? {} : { hosts: { names: [host], section: 'answers' } }),
  };
}
