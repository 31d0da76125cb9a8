/**
 * Look-ups: questions about names of the domain, answered from the state. In: a view, a question. Out: the sections of an answer.
 * Must never: wait, ask another server, or know how long a message may be.
 */
export { domainReply } from './answer.js';
export { relativeName } from './domain.js';
export { createPreparedRecords } from './prepared-records.js';
export type { LookupContext, Reply } from './reply.js';
export { type ReverseIndex, createReverseIndex } from './reverse-index.js';
export { isReverseName, reverseReply } from './reverse-reply.js';
