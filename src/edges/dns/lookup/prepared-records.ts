import type { DnsSettings } from '../dns-deps.js';
import { type DnsRecord, preparedRecord } from '../message/index.js';
import { addressRecord, textRecords } from './address-records.js';
import type { DnsInstance, IpAddress } from './instance.js';
import type { LookupContext } from './reply.js';
import { srvTarget } from './srv-target.js';

/** What one instance has to say in answer to a question. */
export interface InstanceRecords {
  readonly answer: DnsRecord;
  /** Answers that say the same have the same. */
  readonly key: string;
  /** SRV: the name that the answer gives, and what belongs to it beside the answer. */
  readonly target: string;
  readonly beside: readonly DnsRecord[];
}

/** The records about instances in answer to one question. */
export interface QuestionRecords {
  /** An address. */
  address(address: IpAddress): InstanceRecords;
  /** An instance as SRV; nothing stands beside one that is a host elsewhere. */
  srv(instance: DnsInstance): InstanceRecords;
}

/** Many questions are the same: what has been written for one is kept for the next. */
export interface PreparedRecords {
  of(context: LookupContext, ttlSeconds: number): QuestionRecords;
}

/** Records and questions that are kept before all are forgotten. */
const MOST_RECORDS = 20_000;
const MOST_QUESTIONS = 1_000;

/** Creates the memory of one server. It forgets everything when the settings are others, and when it has grown large. */
export function createPreparedRecords(): PreparedRecords {
  const questions = new Map<string, QuestionRecords>();
  let settings: DnsSettings | undefined;
  let made = 0;
  return {
    of(context, ttlSeconds) {
      const { question } = context;
      if (settings !== context.settings || made > MOST_RECORDS || questions.size > MOST_QUESTIONS) {
        questions.clear();
        settings = context.settings;
        made = 0;
      }
      const key = `${question.type} ${ttlSeconds} ${question.name}`;
      let records = questions.get(key);
      if (records === undefined) {
        const { address, srv } = questionRecords(context, ttlSeconds, preparedRecord);
        const onMade = (): void => {
          made += 1;
        };
        records = { address: once(address, onMade), srv: once(srv, onMade) };
        questions.set(key, records);
      }
      return records;
    },
  };
}

/** For instances that are not asked about again: nothing is kept. */
export const unpreparedRecords: PreparedRecords = {
  of: (context, ttlSeconds) => questionRecords(context, ttlSeconds, (record) => record),
};

function once<Subject extends object>(
  make: (subject: Subject) => InstanceRecords,
  onMade: () => void,
): (subject: Subject) => InstanceRecords {
  const known = new WeakMap<Subject, InstanceRecords>();
  return (subject) => {
    let records = known.get(subject);
    if (records === undefined) {
      records = make(subject);
      known.set(subject, records);
      onMade();
    }
    return records;
  };
}

const NOTHING: readonly DnsRecord[] = [];

function questionRecords(
  { question: { name }, settings, domain }: LookupContext,
  ttlSeconds: number,
  prepared: (record: DnsRecord) => DnsRecord,
): QuestionRecords {
  const place = { datacenter: settings.datacenter, domain };
  return {
    address({ type, address }) {
      const answer = prepared({ name, ttlSeconds, data: { type, address } });
      return { answer, key: address, target: '', beside: NOTHING };
    },
    srv(instance) {
      const { address, port, weight, nodeTexts } = instance;
      const { name: target, isNode } = srvTarget(place, instance);
      const glue = addressRecord(target, ttlSeconds, address);
      const texts = glue && isNode && settings.nodeMetaTxt ? textRecords(target, ttlSeconds, nodeTexts) : NOTHING;
      return {
        answer: prepared({ name, ttlSeconds, data: { type: 'SRV', priority: 1, weight, port, target } }),
        key: `${target} ${port} ${weight}`,
        target,
        beside: glue ? [glue, ...texts].map(prepared) : NOTHING,
      };
    },
  };
}
