import { isHeaderName } from '../../../core/index.js';
import { checkFormat } from '../../../lang/envoy-format/index.js';
import type { HeaderModifiers } from '../shared-fields.js';
import { type Problem, firstProblem } from './problems.js';

const LINE_BREAKING = /[\r\n\0]/;
/** Envoy takes so many changes of one kind on a route, and so long names and values. */
const MOST_CHANGES = 1000;
const LONGEST_BYTES = 16_384;

/** Text with a line break or NUL in it would become another header, or another request. */
export function breaksLine(value: string): boolean {
  return LINE_BREAKING.test(value);
}

/** Header modifiers that Envoy takes and that cannot smuggle anything; `where` names them in the text. */
export function headerModifiersProblem(where: string, modifiers: HeaderModifiers | undefined): Problem {
  if (modifiers === undefined) return undefined;
  const values = [...Object.entries(modifiers.add), ...Object.entries(modifiers.set)];
  const names = [...values.map(([name]) => name), ...modifiers.remove];
  if (values.length > MOST_CHANGES || modifiers.remove.length > MOST_CHANGES)
    return `${where} changes more than ${MOST_CHANGES} headers`;
  return (
    firstProblem(names, (name) => headerNameProblem(where, name)) ??
    firstProblem(values, ([name, value]) => valueProblem(`${where} value of "${name}"`, value))
  );
}

/** Values are format strings of Envoy, so that `%` has a meaning. */
function valueProblem(where: string, value: string): Problem {
  if (breaksLine(value)) return `${where} must not contain line breaks or NUL`;
  if (Buffer.byteLength(value) > LONGEST_BYTES) return `${where} is longer than ${LONGEST_BYTES} bytes`;
  const problem = checkFormat(value, 'header');
  return problem === undefined ? undefined : `${where}: ${problem}`;
}

/** A header that Envoy looks for or sets by itself: a name it takes, and a value that cannot smuggle anything. */
export function headerTextProblem(where: string, name: string, value: string): Problem {
  if (name.startsWith(':') || name.toLowerCase() === 'host') return `${where} cannot be "${name}"`;
  if (!isHeaderName(name)) return `${where} contains an invalid header name ${JSON.stringify(name)}`;
  return breaksLine(value) ? `${where} value of "${name}" must not contain line breaks or NUL` : undefined;
}

function headerNameProblem(where: string, name: string): Problem {
  if (name.startsWith(':') || name.toLowerCase() === 'host')
    return `${where} cannot modify "${name}": pseudo headers and the host stay as they are`;
  if (name.length > LONGEST_BYTES) return `${where} contains a header name longer than ${LONGEST_BYTES} bytes`;
  return isHeaderName(name) ? undefined : `${where} contains an invalid header name ${JSON.stringify(name)}`;
}
