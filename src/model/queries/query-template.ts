import { AppError } from '../../core/index.js';
import { type InterpolationScope, renderInterpolation } from '../../lang/interpolation/index.js';
import { compileRegex } from '../../lang/regex/index.js';
import type { Problem } from '../config-entries/rules/problems.js';
import type { QueriedService, QueryDefinition } from '../records/prepared-query.js';
import { decode, encode } from '../wire/index.js';
import { queriedServiceField } from './query-schema.js';

/** The one type of template there is. */
const TEMPLATE_TYPE = 'name_prefix_match';

/** What a template is filled in for. */
export interface TemplateSubject {
  /** The name that was asked for. */
  readonly name: string;
  /** Network segment of the agent that was asked; there are none, so always empty. */
  readonly segment: string;
}

/**
 * The `Service` of a template filled in for a name (consul-behaviour.md 1.13): `${name.full}`, `${name.prefix}`, `${name.suffix}`,
 * `${match(N)}` and `${agent.segment}` in every text of it. Throws AppError('invalidArgument') when it cannot be.
 */
export function renderQueriedService(query: QueryDefinition, subject: TemplateSubject): QueriedService {
  const scope = scopeOf(query, subject);
  const rendered = mapTexts(encode(queriedServiceField, query.service), 'Service', (text, path) => {
    const result = renderInterpolation(text, scope);
    if (result.ok) return result.text;
    const [what, where] = result.kind === 'format' ? ['format', 'parse error at '] : ['evaluation for', ''];
    throw new AppError(
      'invalidArgument',
      `Bad ${what} '${text}' in ${path}: ${where}1:${result.at}: ${result.problem}`,
    );
  });
  const service = decode(queriedServiceField, rendered, { what: 'the filled in template' });
  const tags = query.template.removeEmptyTags ? (service.tags?.filter((tag) => tag !== '') ?? null) : service.tags;
  return { ...service, tags };
}

/** Why a template can never be filled in; undefined = it can. */
export function templateProblem(query: QueryDefinition): Problem {
  const { type } = query.template;
  if (type !== TEMPLATE_TYPE) return `Bad Template.Type '${type}', the only one is ${TEMPLATE_TYPE}`;
  try {
    renderQueriedService(query, { name: query.name, segment: '' });
    return undefined;
  } catch (thrown) {
    return AppError.from(thrown).message;
  }
}

function scopeOf({ name: prefix, template }: QueryDefinition, { name, segment }: TemplateSubject): InterpolationScope {
  const groups = template.regexp === '' ? [] : (regexOf(template.regexp).groups(name) ?? []);
  return {
    variables: new Map([
      ['name.full', name],
      ['name.prefix', prefix],
      ['name.suffix', name.slice(prefix.length)],
      ['agent.segment', segment],
    ]),
    functions: new Map([['match', (group: number) => groups[group] ?? '']]),
  };
}

function regexOf(pattern: string): ReturnType<typeof compileRegex> {
  try {
    return compileRegex(pattern);
  } catch (thrown) {
    throw new AppError('invalidArgument', `Bad Regexp: ${AppError.from(thrown).message}`);
  }
}

/** A copy of a wire value with every text in it changed; keys of maps are no texts. */
function mapTexts(value: unknown, path: string, change: (text: string, path: string) => string): unknown {
  if (typeof value === 'string') return change(value, path);
  if (Array.isArray(value)) return value.map((item, position) => mapTexts(item, `${path}[${position}]`, change));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [key, mapTexts(item, `${path}.${key}`, change)]),
  );
}
