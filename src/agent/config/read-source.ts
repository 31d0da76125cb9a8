import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { AppError } from '../../core/index.js';
import { configFormat, type HclObject, locateKey, parseHcl, parseHclOrJson, parseJson } from '../../lang/index.js';
import {
  type CheckDefinition,
  decodeCheckDefinition,
  decodeServiceDefinition,
  type ServiceDefinition,
} from '../../model/definitions/index.js';
import { tryDecode, type WireProblem } from '../../model/wire/index.js';
import { type AgentOptions, optionsField } from './options.js';
import { optionsWithoutEffect } from './without-effect.js';

/** What one source of configuration says. */
export interface ConfigSource {
  /** The file, or how a piece of the command line is called. */
  readonly name: string;
  readonly options: AgentOptions;
  readonly services: readonly ServiceDefinition[];
  readonly checks: readonly CheckDefinition[];
  readonly withoutEffect: readonly string[];
}

type Format = 'hcl' | 'json' | undefined;

const invalid = (message: string): AppError => new AppError('invalidArgument', message);

/** The files that a path of `-config-file` or `-config-dir` means, those of a directory in the order of their names. */
export function configFiles(path: string, format: Format): string[] {
  try {
    if (!statSync(path).isDirectory()) return [path];
    const names = readdirSync(path, { withFileTypes: true }).filter((entry) => !entry.isDirectory());
    const wanted = names.map(({ name }) => name).filter((name) => format !== undefined || /\.(hcl|json)$/.test(name));
    return wanted.sort().map((name) => join(path, name));
  } catch (thrown) {
    throw invalid(`cannot read configuration ${path}: ${(thrown as Error).message}`);
  }
}

/** Reads a file. Throws AppError('invalidArgument') with its name and, where there is one, the line of each problem. */
export function readConfigFile(file: string, format: Format): ConfigSource {
  try {
    return readConfigText(file, readFileSync(file, 'utf8'), format);
  } catch (thrown) {
    if (thrown instanceof AppError) throw thrown;
    throw invalid(`cannot read configuration file ${file}: ${(thrown as Error).message}`);
  }
}

/** Reads the text of a file. Throws as `readConfigFile`. */
export function readConfigText(name: string, text: string, format: Format): ConfigSource {
  const parsed = parse(name, text, format);
  const hclBlocks = (format ?? configFormat(text)) === 'hcl';
  const result = tryDecode(optionsField, parsed, { hclBlocks });
  if (!result.ok) throw invalid(`${name}: ${result.problems.map((problem) => described(text, problem)).join('; ')}`);
  const options = result.value;
  return {
    name,
    options,
    services: definitions(name, text, options, ['service', 'services'], decodeServiceDefinition),
    checks: definitions(name, text, options, ['check', 'checks'], decodeCheckDefinition),
    withoutEffect: optionsWithoutEffect(parsed),
  };
}

function parse(name: string, text: string, format: Format): HclObject {
  if (format === undefined) return parseHclOrJson(text, { filename: name });
  if (format === 'hcl') return parseHcl(text, { filename: name });
  const value = parseJson(text, { filename: name });
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value;
  throw invalid(`${name}: expected an object in braces`);
}

function described(text: string, { path, problem }: WireProblem): string {
  const line = lineOf(text, path);
  return `"${path}" ${problem}${line === undefined ? '' : ` (line ${line})`}`;
}

const lineOf = (text: string, path: string): number | undefined => locateKey(text, path)?.line;

/** Definitions are read with the file they stand in, so that an error can say where. */
function definitions<Definition>(
  name: string,
  text: string,
  options: AgentOptions,
  keys: readonly ('service' | 'services' | 'check' | 'checks')[],
  decode: (body: unknown, place: 'file') => Definition,
): readonly Definition[] {
  return keys.flatMap((key) =>
    (options[key] ?? []).map((body, position) => {
      try {
        return decode(body, 'file');
      } catch (thrown) {
        const error = AppError.from(thrown);
        const inner = /unknown field "([^"]+)"|^[^"]*"([^"]+)" must/.exec(error.message);
        const line =
          lineOf(text, `${key}[${position}].${inner?.[1] ?? inner?.[2] ?? ''}`) ?? lineOf(text, `${key}[${position}]`);
        const at = line === undefined ? '' : `, line ${line}`;
        throw new AppError(error.code, `${name}${at}: ${key}[${position}]: ${error.message}`, { cause: thrown });
      }
    }),
  );
}
