import { type Field, integer, map, object, text } from '../../wire/index.js';
import type { StringMap } from '../../records/common.js';
import { headerModifiersProblem } from '../rules/header-modifiers.js';
import { countProblem } from '../rules/range.js';
import type { Problem } from '../rules/problems.js';

/** An answer that the caller's own proxy gives; nobody is called. */
export interface DirectResponse {
  readonly status: number;
  readonly body: string;
  readonly headers: StringMap;
}

export const directResponseField: Field<DirectResponse> = object<DirectResponse>({
  status: integer(),
  body: text(),
  headers: map(text()),
});

/** What Envoy keeps of a body at most. */
const LONGEST_BODY_BYTES = 4096;

/** A status that ends a request, a body that Envoy keeps, headers that can be sent. `path` is the field's. */
export function directResponseProblem(path: string, answer: DirectResponse | undefined): Problem {
  if (answer === undefined) return undefined;
  const bytes = new TextEncoder().encode(answer.body).length;
  return (
    countProblem(`${path}.Status`, answer.status, 200, 599) ??
    (bytes > LONGEST_BODY_BYTES
      ? `${path}.Body must not be longer than ${LONGEST_BODY_BYTES} bytes, it has ${bytes}`
      : undefined) ??
    headerModifiersProblem(`${path}.Headers`, { add: {}, set: answer.headers, remove: [] })
  );
}
