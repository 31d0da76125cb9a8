import { type DnsRecord, RCODES, RECORD_TYPES } from '../message/index.js';
import { isWanted } from './address-records.js';
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
  const { mostAnswers } = context;
  const records = context.records.of(context, ttlSeconds);
  const answers: DnsRecord[] = [];
  const additionals: DnsRecord[] = [];
  const hosts: string[] = [];
  const seen = new Set<string>();
  const told = new Set<string>();
  inOrder(context, instances, (instance) => {
    const { answer, key, target, beside } = records.srv(instance);
    if (seen.has(key)) return true;
    seen.add(key);
    answers.push(answer);
    if (!told.has(target)) {
      told.add(target);
      if (instance.address.type === 'host') {
        const inside = hostAddresses(context, target);
        if (inside) additionals.push(...inside);
        else hosts.push(target);
      } else for (const record of beside) additionals.push(record);
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

/** Addresses, each once. A name may have one CNAME and nothing beside it: a host elsewhere is named when there is no address. */
function addressReply(context: LookupContext, instances: readonly DnsInstance[], ttlSeconds: number): Reply {
  const { question, settings } = context;
  const records = context.records.of(context, ttlSeconds);
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
    const { answer, key } = records.address(address);
    if (!seen.has(key)) {
      seen.add(key);
      answers.push(answer);
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
