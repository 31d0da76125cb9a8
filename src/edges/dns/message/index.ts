/**
 * DNS messages: bytes to values and back. In: bytes of anybody. Out: a message, or why there is none. Must never: throw for what
 * came from the network, follow pointers in circles, or know about the catalog.
 */
export { addressBytes, addressText, hexOf } from './address.js';
export { type Decoded, decodeMessage } from './decode.js';
export { type EncodeOptions, encodeMessage } from './encode.js';
export type * from './message.js';
export { CLASS_ANY, CLASS_IN, RCODES, RECORD_TYPES } from './message.js';
export { preparedRecord } from './prepared-record.js';
export { isSendable, labelFromText, labelTexts, nameFromText } from './name.js';
