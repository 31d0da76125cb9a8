import { RCODES, RECORD_TYPES } from '../message/index.js';
import { nameError, noData } from './authority.js';
import type { LookupContext, Reply } from './reply.js';
import { namesOfService } from './service-names.js';

/** The virtual IP of a service. */
export function virtualReply(context: LookupContext, service: string): Reply {
  const { view, question, settings } = context;
  const [found] = namesOfService(view, service).flatMap((name) => view.get('virtual-ips', name) ?? []);
  if (found === undefined || service === '') return nameError(context);
  if (question.type !== RECORD_TYPES.A && question.type !== RECORD_TYPES.ANY) return noData(context);
  return {
    rcode: RCODES.noError,
    answers: [{ name: question.name, ttlSeconds: settings.nodeTtlSeconds, data: { type: 'A', address: found.ip } }],
    authorities: [],
    additionals: [],
  };
}
