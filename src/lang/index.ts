/**
 * Lang: the languages that users write. HCL version 1 and JSON, filter expressions, regular expressions, interpolated
 * text, Envoy's format strings.
 * In: text. Out: plain values, predicates, matchers, or an AppError that says where the text is wrong and what to do.
 * Must never: do I/O, run a user's pattern on the JavaScript engine, or let hostile text cost unbounded time or stack.
 */
export * from './envoy-format/index.js';
export * from './filter/index.js';
export * from './hcl/index.js';
export * from './interpolation/index.js';
export * from './regex/index.js';
export * from './template/index.js';
