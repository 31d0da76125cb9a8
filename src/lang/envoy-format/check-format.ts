import {
  type CommandParameter,
  type FormatCommand,
  OLDEST_SERVED,
  formatCommands,
  headerCommands,
} from './commands.js';
import { type UsedCommand, parseFormat } from './parse-format.js';

/** Where a format string stands: some commands are for values of headers only. */
export type FormatPlace = 'access log' | 'header';

/**
 * What is wrong with a format string of Envoy (`%PROTOCOL%`, `%REQ(x-a?x-b):10%`, `%%` for a percent sign), as one sentence, or
 * undefined. What commands make of their parameters is checked where that is simple; Envoy has the last word.
 */
export function checkFormat(text: string, place: FormatPlace): string | undefined {
  const used = parseFormat(text);
  if ('brokenAt' in used)
    return `${JSON.stringify(text.slice(used.brokenAt, used.brokenAt + 24))} is no command of Envoy's format strings: write %% for a percent sign`;
  for (const one of used) {
    const problem = commandProblem(one, place);
    if (problem !== undefined) return problem;
  }
  return undefined;
}

/** The minor version of the first Envoy 1.x that knows all commands of a format string; the oldest served when it is not one. */
export function formatSince(text: string): number {
  const used = parseFormat(text);
  if ('brokenAt' in used) return OLDEST_SERVED;
  return Math.max(OLDEST_SERVED, ...used.map(sinceOf));
}

function sinceOf({ name, parameter }: UsedCommand): number {
  const known = headerCommands.get(name);
  if (known === undefined) return OLDEST_SERVED;
  return parameter === '' ? known.since : Math.max(known.since, known.parameterSince ?? 0);
}

function commandProblem({ name, parameter, isCut }: UsedCommand, place: FormatPlace): string | undefined {
  const known: FormatCommand | undefined = (place === 'header' ? headerCommands : formatCommands).get(name);
  if (known === undefined) return `%${name}% is no command of Envoy's format strings: write %% for a percent sign`;
  if (isCut && !known.mayBeCut) return `%${name}% takes no length`;
  return parameterProblem(name, known.parameter, parameter);
}

function parameterProblem(name: string, wanted: CommandParameter, given: string): string | undefined {
  if (typeof wanted !== 'string') {
    const word = given.split(':', 1)[0] ?? '';
    return word === '' || wanted.includes(word) ? undefined : `%${name}% takes ${wanted.join(', ')}, not "${word}"`;
  }
  if (wanted === 'none') return given === '' ? undefined : `%${name}% takes no parameter`;
  if (wanted === 'optional') return undefined;
  if (given === '') return `%${name}% needs a parameter, as in %${name}(…)%`;
  if (wanted === 'header') return headerProblem(name, given);
  return wanted === 'state' ? stateProblem(name, given) : undefined;
}

function headerProblem(name: string, given: string): string | undefined {
  const headers = given.split('?');
  if (headers.length > 2) return `%${name}% takes one header and one alternative, not "${given}"`;
  return headers.every((header) => /^:?[!#$&'*+.^_`|~0-9A-Za-z-]+$/.test(header))
    ? undefined
    : `%${name}% takes names of headers, not "${given}"`;
}

function stateProblem(name: string, given: string): string | undefined {
  const [key = '', form = 'TYPED'] = given.split(':');
  if (key === '') return `%${name}% needs a key`;
  return ['PLAIN', 'TYPED', 'FIELD'].includes(form)
    ? undefined
    : `%${name}% is written PLAIN, TYPED or FIELD, not "${form}"`;
}
