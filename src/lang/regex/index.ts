/**
 * Regular expressions that users wrote, on RE2 (linear time, no back-references); the only importer of re2js.
 * In: a pattern. Out: its problem in one sentence, or a compiled matcher. Must never: let a user's pattern near the
 * JavaScript engine, or accept a pattern or subject whose cost is not bounded beforehand.
 */
export { checkRegex, MAX_PATTERN_LENGTH } from './check-regex.js';
export { type Regex, compileRegex } from './compile-regex.js';
