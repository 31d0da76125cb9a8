/**
 * Format strings of Envoy, which access logs and values of headers are made of: checked before an Envoy would refuse the whole
 * listener or route for them. In: text. Out: its problem in one sentence, the Envoy it needs. Must never: fill one in.
 */
export { type FormatPlace, checkFormat, formatSince } from './check-format.js';
