import { checkFormat } from '../../../lang/envoy-format/index.js';
import type { AccessLogSettings } from '../../records/proxy.js';
import { type Problem, firstProblem } from './problems.js';

/** Rules of consul-behaviour 4.2; formats that an Envoy would refuse every listener for are refused here. */
export function accessLogsProblem(logs: AccessLogSettings): Problem {
  if (!['', 'file', 'stderr', 'stdout'].includes(logs.type))
    return `AccessLogs.Type: invalid access log type: ${logs.type}`;
  if (logs.type === 'file' && logs.path === '')
    return 'AccessLogs.Path: path must be specified when using file type access logs';
  if (logs.type !== 'file' && logs.path !== '') return 'AccessLogs.Path: path is only valid for file type access logs';
  if (logs.jsonFormat !== '' && logs.textFormat !== '')
    return 'AccessLogs.TextFormat: cannot specify both access log JSONFormat and TextFormat';
  return formatProblem('AccessLogs.TextFormat', logs.textFormat) ?? jsonFormatProblem(logs.jsonFormat);
}

/** Protobuf decoders give up not far beyond. */
const MOST_NESTED = 32;

function jsonFormatProblem(format: string): Problem {
  const read = readJsonFormat(format);
  if ('problem' in read) return `AccessLogs.JSONFormat: invalid access log json for JSON format: ${read.problem}`;
  return firstProblem(read.texts, (text) => formatProblem('AccessLogs.JSONFormat', text));
}

function formatProblem(where: string, text: string): Problem {
  const problem = checkFormat(text, 'access log');
  return problem === undefined ? undefined : `${where}: ${problem}`;
}

/** Every format string in the settings of access logs; none of JSON that cannot be used. */
export function accessLogFormats({
  textFormat,
  jsonFormat,
}: Pick<AccessLogSettings, 'textFormat' | 'jsonFormat'>): readonly string[] {
  const read = readJsonFormat(jsonFormat);
  return [textFormat, ...('problem' in read ? [] : read.texts)].filter((text) => text !== '');
}

function readJsonFormat(format: string): { readonly texts: readonly string[] } | { readonly problem: string } {
  if (format === '') return { texts: [] };
  try {
    const parsed: unknown = JSON.parse(format);
    if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed))
      return { problem: 'it must be an object' };
    const texts: string[] = [];
    const fits = collectTexts(parsed, texts, 0);
    return fits ? { texts } : { problem: `it is nested deeper than ${MOST_NESTED} levels` };
  } catch (thrown) {
    return { problem: thrown instanceof Error ? thrown.message : 'not JSON' };
  }
}

/** False when the value is nested too deeply. */
function collectTexts(value: unknown, into: string[], depth: number): boolean {
  if (typeof value === 'string') into.push(value);
  if (typeof value !== 'object' || value === null) return true;
  return depth < MOST_NESTED && Object.values(value).every((one) => collectTexts(one, into, depth + 1));
}
