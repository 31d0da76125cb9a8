import type { HeaderModifiers } from '../shared-fields.js';
import { type Problem, firstProblem } from './problems.js';

const HEADER_NAME = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
const LINE_BREAKING = /[\r\n\0]/;

/** Text with a line break or NUL in it would become another header, or another request. */
export function breaksLine(value: string): boolean {
  return LINE_BREAKING.test(value);
}

/** Whether this can be the name of a header. */
export function isHeaderName(name: string): boolean {
  return HEADER_NAME.test(name);
}

/** Header modifiers that Envoy takes and that cannot smuggle anything; `where` names them in the text. */
export function headerModifiersProblem(where: string, modifiers: HeaderModifiers | undefined): Problem {
  if (modifiers === undefined) return undefined;
  const names = [...Object.keys(modifiers.add), ...Object.keys(modifiers.set), ...modifiers.remove];
  return (
    firstProblem(names, (name) => headerNameProblem(where, name)) ??
    firstProblem([...Object.entries(modifiers.add), ...Object.entries(modifiers.set)], ([name, value]) =>
      breaksLine(value) ? `${where} value of "${name}" must not contain line breaks or NUL` : undefined,
    )
  );
}

/** A header that Envoy looks for or sets by itself: a name it takes, and a value that cannot smuggle anything. */
export function headerTextProblem(where: string, name: string, value: string): Problem {
  if (name.startsWith(':') || name.toLowerCase() === 'host') return `${where} cannot be "${name}"`;
  if (!HEADER_NAME.test(name)) return `${where} contains an invalid header name ${JSON.stringify(name)}`;
  return breaksLine(value) ? `${where} value of "${name}" must not contain line breaks or NUL` : undefined;
}

function headerNameProblem(where: string, name: string): Problem {
  if (name.startsWith(':') || name.toLowerCase() === 'host')
    return `${where} cannot modify "${name}": pseudo headers and the host stay as they are`;
  return isHeaderName(name) ? undefined : `${where} contains an invalid header name ${JSON.stringify(name)}`;
}
