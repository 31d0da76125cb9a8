import { AppError } from '../../core/index.js';
import { answeredOptions } from './client-subnet.js';
import type { DnsCounters, DnsDeps, DnsEdgeDeps, DnsQueryKind, DnsSettings } from './dns-deps.js';
import { fitMessage } from './fit.js';
import {
  type LookupContext,
  type Reply,
  type ReverseIndex,
  createPreparedRecords,
  domainReply,
  isReverseName,
  relativeName,
  reverseReply,
} from './lookup/index.js';
import {
  CLASS_ANY,
  CLASS_IN,
  type DnsMessage,
  type DnsQuestion,
  type Edns,
  RCODES,
  RECORD_TYPES,
  decodeMessage,
} from './message/index.js';
import { foreignAddresses } from './recursion/host-addresses.js';
import type { Recursor, Transport } from './recursion/recursor.js';

/** The answer to a packet; undefined = none. Answers that need nobody else come at once. */
export type Respond = (
  packet: Buffer,
  transport: Transport,
  from: string,
  /** Of the agent that relays the packet; this edge's own when not given. */
  relayed?: DnsSettings,
) => Buffer | undefined | Promise<Buffer | undefined>;

const QUERY_OPCODE = 0;
const PLAIN_UDP_BYTES = 512;
const MOST_UDP_BYTES = 65_467;
const MOST_TCP_BYTES = 65_523;
const MOST_TCP_ANSWERS = 4096;
const MOST_TCP_SRV_ANSWERS = 1024;
/** Over plain UDP more than this never helped anybody. */
const MOST_PLAIN_ANSWERS = 8;
const LEAST_ANSWER_BYTES = 16;
const MOST_FOREIGN_RECORDS = 5;
const QUIET_MS = 60_000;

/** A query as it is answered. */
export interface Asked {
  readonly message: DnsMessage;
  readonly question: DnsQuestion;
  readonly packet: Buffer;
  readonly transport: Transport;
  readonly settings: DnsSettings;
  /** The address of who asks. */
  readonly from: string;
}

/** Who answers for names of the domain and for addresses: the state here, or the servers. */
export interface OwnNames {
  /** Resolves when answers may be given; undefined = now. Rejects when nobody can say what is true. */
  current(settings: DnsSettings): Promise<unknown> | undefined;
  /** A name of the domain; `labels` are those before the domain. */
  ofDomain(asked: Asked, name: { readonly relative: string; readonly domainLength: number }): Answered;
  /** A reverse name. */
  ofAddress(asked: Asked): Answered;
}

/** Records to be written, or a whole answer of somebody else. */
type Answered = Reply | Promise<Buffer | undefined>;

/** Creates what answers packets: reads, looks up or asks recursors, and writes. It never throws. */
export function createResponder(
  deps: DnsEdgeDeps,
  parts: { readonly recursor: Recursor; readonly own: OwnNames; readonly counters: DnsCounters },
): Respond {
  const { clock, logger } = deps;
  const { recursor, own, counters } = parts;
  let lastMalformed = -QUIET_MS;

  const drop = (problem: string, from: string): undefined => {
    counters.malformed += 1;
    if (clock.now() - lastMalformed < QUIET_MS) return undefined;
    lastMalformed = clock.now();
    logger.warn({ from, problem, dropped: counters.malformed }, 'a DNS packet cannot be read and was dropped');
    return undefined;
  };

  const observed = (kind: DnsQueryKind, startedMs: number, asked: Asked, bytes: Buffer): Buffer => {
    const durationMs = performance.now() - startedMs;
    deps.observe?.(kind, durationMs);
    if (logger.isLevelEnabled('trace')) {
      const { name, type } = asked.question;
      logger.trace({ name, type, transport: asked.transport, durationMs, rcode: (bytes[3] ?? 0) & 15 }, 'DNS query');
    }
    return bytes;
  };

  const answer = (asked: Asked, startedMs: number): Buffer | Promise<Buffer> => {
    const { question, settings } = asked;
    const name = question.name.toLowerCase();
    const ours = relativeName(name, settings);
    const recurses = settings.recursors.length > 0 && asked.message.recursionDesired;
    const recursed = (): Promise<Buffer> =>
      recursor.ask(asked.packet, asked.transport).then((bytes) => {
        const fitting = bytes ? passedOn(asked, bytes, counters) : fail(asked, RCODES.servFail, counters);
        return observed('recurse', startedMs, asked, fitting);
      });
    if (ours) {
      const reply = own.ofDomain(asked, ours);
      if (reply instanceof Promise)
        return reply.then((bytes) => observed('domain', startedMs, asked, bytes ?? unanswered(asked, counters)));
      const finish = (whole: Reply): Buffer => observed('domain', startedMs, asked, write(asked, whole, counters));
      return reply.hosts && recurses ? withForeign(asked, reply, recursor).then(finish) : finish(reply);
    }
    if (isReverseName(name)) {
      const reply = own.ofAddress(asked);
      if (reply instanceof Promise)
        return reply.then((bytes) =>
          bytes === undefined || ((bytes[3] ?? 0) & 15) !== RCODES.noError
            ? recurses
              ? recursed()
              : observed('ptr', startedMs, asked, bytes ?? unanswered(asked, counters))
            : observed('ptr', startedMs, asked, bytes),
        );
      if (reply.rcode === RCODES.noError || !recurses)
        return observed('ptr', startedMs, asked, write(asked, reply, counters));
    }
    return recurses ? recursed() : fail(asked, RCODES.refused, counters);
  };

  const guarded = (asked: Asked, startedMs: number): Buffer | Promise<Buffer> => {
    const failed = (thrown: unknown): Buffer => {
      const { name, type } = asked.question;
      logger.error({ name, type, problem: AppError.from(thrown).message }, 'a DNS query could not be answered');
      return fail(asked, RCODES.servFail, counters);
    };
    try {
      const bytes = answer(asked, startedMs);
      return bytes instanceof Promise ? bytes.catch(failed) : bytes;
    } catch (thrown) {
      return failed(thrown);
    }
  };

  return (packet, transport, from, relayed) => {
    const startedMs = performance.now();
    const decoded = decodeMessage(packet);
    if (!decoded.ok) return drop(decoded.problem, from);
    const { message } = decoded;
    if (message.isResponse) return drop('an answer, not a query', from);
    counters.queries += 1;
    counters[transport === 'udp' ? 'udpQueries' : 'tcpQueries'] += 1;
    const settings = relayed ?? deps.settings();
    const question = message.questions[0] ?? { name: '.', type: 0, class: CLASS_IN };
    const asked: Asked = { message, question, packet, transport, settings, from };
    const problem = refusal(message);
    if (problem !== undefined) return fail(asked, problem, counters);
    const current = own.current(settings);
    if (current === undefined) return guarded(asked, startedMs);
    return current.then(
      () => guarded(asked, startedMs),
      () => fail(asked, RCODES.servFail, counters),
    );
  };
}

/** Why a query is not answered, whatever it asks about. */
function refusal({ opcode, questions, edns }: DnsMessage): number | undefined {
  const [question] = questions;
  if (opcode !== QUERY_OPCODE) return RCODES.notImp;
  if (question === undefined || questions.length > 1) return RCODES.formErr;
  if (edns && edns.version !== 0) return RCODES.badVersion;
  if (question.type === RECORD_TYPES.AXFR || question.type === RECORD_TYPES.IXFR) return RCODES.notImp;
  return question.class === CLASS_IN || question.class === CLASS_ANY ? undefined : RCODES.refused;
}

const bytesFor = ({ transport, message }: Asked): number =>
  transport === 'tcp'
    ? MOST_TCP_BYTES
    : Math.min(Math.max(message.edns?.udpSize ?? 0, PLAIN_UDP_BYTES), MOST_UDP_BYTES);

function answersFor(asked: Asked): number {
  const { transport, settings, question } = asked;
  if (transport === 'tcp') return question.type === RECORD_TYPES.SRV ? MOST_TCP_SRV_ANSWERS : MOST_TCP_ANSWERS;
  const bytes = bytesFor(asked);
  if (bytes > PLAIN_UDP_BYTES || settings.udpAnswerLimit === 0) return Math.ceil(bytes / LEAST_ANSWER_BYTES);
  return Math.min(settings.udpAnswerLimit, MOST_PLAIN_ANSWERS);
}

/** The names of the state. */
export function ownNamesOf(deps: DnsDeps, reverse: ReverseIndex): OwnNames {
  const { store } = deps;
  const lookups: Lookups = { view: store.view, reverse, records: createPreparedRecords() };
  return {
    current: ({ allowStale }) => (allowStale || store.isCurrent ? undefined : store.barrier()),
    ofDomain: (asked, { relative, domainLength }) =>
      domainReply(contextOf(asked, deps, lookups, asked.question.name.slice(-domainLength)), relative),
    ofAddress: (asked) => reverseReply(contextOf(asked, deps, lookups, `${asked.settings.domain}.`)),
  };
}

type Lookups = Pick<LookupContext, 'view' | 'reverse' | 'records'>;

function contextOf(asked: Asked, deps: DnsDeps, { view, reverse, records }: Lookups, domain: string): LookupContext {
  return {
    view,
    settings: asked.settings,
    reverse,
    records,
    random: deps.random,
    nowMs: deps.clock.now(),
    question: asked.question,
    domain,
    // One more than is sent, so that it shows that there are more.
    mostAnswers: answersFor(asked) + 1,
  };
}

async function withForeign(asked: Asked, reply: Reply, recursor: Recursor): Promise<Reply> {
  const { names, section } = reply.hosts ?? { names: [], section: 'answers' as const };
  const found = await foreignAddresses(recursor, names, {
    questionType: asked.question.type,
    transport: asked.transport,
    mostRecords: asked.message.edns ? Number.POSITIVE_INFINITY : MOST_FOREIGN_RECORDS,
  });
  return { ...reply, [section]: [...reply[section], ...found] };
}

/** An answer that repeats what the query says of itself. */
function answerTo(
  { message, settings }: Asked,
  { rcode, answers, authorities, additionals, isForSubnet = false }: Reply,
  { authoritative, truncated = false }: { readonly authoritative: boolean; readonly truncated?: boolean },
): DnsMessage {
  const { edns } = message;
  return {
    id: message.id,
    isResponse: true,
    opcode: message.opcode,
    authoritative,
    truncated,
    recursionDesired: message.recursionDesired,
    recursionAvailable: settings.recursors.length > 0,
    rcode,
    questions: message.questions.slice(0, 1),
    answers,
    authorities,
    additionals,
    ...(edns ? { edns: answeredEdns(edns, isForSubnet) } : {}),
  };
}

const answeredEdns = (edns: Edns, isForSubnet: boolean): Edns => ({
  udpSize: edns.udpSize,
  version: 0,
  dnssecOk: edns.dnssecOk,
  options: answeredOptions(edns, isForSubnet),
});

const nothing = (rcode: number): Reply => ({ rcode, answers: [], authorities: [], additionals: [] });

function write(asked: Asked, reply: Reply, counters: DnsCounters): Buffer {
  if (reply.rcode === RCODES.nxDomain) counters.nxDomain += 1;
  const { bytes, isCut } = fitMessage(answerTo(asked, reply, { authoritative: true }), {
    limitBytes: bytesFor(asked),
    compress: !asked.settings.disableCompression,
    maxAnswers: answersFor(asked),
    enableTruncate: asked.settings.enableTruncate,
  });
  if (isCut) counters.truncated += 1;
  return bytes;
}

const unanswered = (asked: Asked, counters: DnsCounters): Buffer => fail(asked, RCODES.servFail, counters);

function fail(asked: Asked, rcode: number, counters: DnsCounters): Buffer {
  if (rcode === RCODES.servFail) counters.servFail += 1;
  if (rcode === RCODES.refused) counters.refused += 1;
  const message = answerTo(asked, nothing(rcode), { authoritative: false });
  return fitMessage(message, { limitBytes: bytesFor(asked), compress: true, maxAnswers: 0, enableTruncate: false })
    .bytes;
}

/** A recursor's answer as it came; one that is too long for the client says to ask over TCP. */
function passedOn(asked: Asked, bytes: Buffer, counters: DnsCounters): Buffer {
  if (bytes.length <= bytesFor(asked)) return bytes;
  counters.truncated += 1;
  const { edns: _none, ...message } = answerTo(asked, nothing(RCODES.noError), {
    authoritative: false,
    truncated: true,
  });
  return fitMessage(message, { limitBytes: bytesFor(asked), compress: true, maxAnswers: 0, enableTruncate: false })
    .bytes;
}
