import { type DnsMessage, type DnsRecord, type EncodeOptions, encodeMessage } from './message/index.js';

export interface Fitted {
  readonly bytes: Buffer;
  /** Answers were left out. */
  readonly isCut: boolean;
}

/**
 * The bytes of an answer that keeps to a length: texts beside the answer go first, then as many answers as it takes, each with what
 * belongs to it beside them. Only `enable_truncate`, or that nothing is left, makes the answer say that it was cut.
 */
export function fitMessage(
  message: DnsMessage,
  options: EncodeOptions & { readonly maxAnswers: number; readonly enableTruncate: boolean },
): Fitted {
  const { maxAnswers, enableTruncate } = options;
  const whole = message.answers.length <= maxAnswers ? encodeMessage(message, options) : undefined;
  if (whole) return { bytes: whole, isCut: false };
  const bare = { ...message, additionals: message.additionals.filter(({ data }) => data.type !== 'TXT') };
  if (message.answers.length <= maxAnswers) {
    const untexted = encodeMessage(bare, options);
    if (untexted) return { bytes: untexted, isCut: false };
  }
  const tryWith = (count: number): Buffer | undefined =>
    encodeMessage({ ...withAnswers(message, count), truncated: enableTruncate }, options) ??
    encodeMessage({ ...withAnswers(bare, count), truncated: enableTruncate }, options);
  let [low, high] = [0, Math.min(message.answers.length, maxAnswers)];
  const most = tryWith(high);
  if (most) return { bytes: most, isCut: high < message.answers.length };
  let best: Buffer | undefined;
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    const bytes = tryWith(middle);
    if (bytes) [low, best] = [middle, bytes];
    else high = middle - 1;
  }
  return { bytes: best ?? withoutRecords(message, options), isCut: true };
}

/** The first answers, and beside them only what they name. */
function withAnswers(message: DnsMessage, count: number): DnsMessage {
  const answers = message.answers.slice(0, count);
  if (count === message.answers.length) return message;
  const named = new Set(answers.flatMap(targetOf));
  return { ...message, answers, additionals: message.additionals.filter(({ name }) => named.has(name)) };
}

const targetOf = ({ data }: DnsRecord): string[] => ('target' in data ? [data.target] : []);

function withoutRecords(message: DnsMessage, options: EncodeOptions): Buffer {
  const empty = { ...message, truncated: true, answers: [], authorities: [], additionals: [] };
  return encodeMessage(empty, options) ?? (encodeMessage(empty, { ...options, limitBytes: 65_535 }) as Buffer);
}
