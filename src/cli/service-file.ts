import { lstatSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { AppError } from '../core/index.js';
import { isBlockList, parseHclOrJson } from '../lang/hcl/index.js';
import { type ServiceBody, serviceBodyField } from '../model/definitions/index.js';
import { encode, tryDecode, type WireProblem } from '../model/wire/index.js';
import { fileProblem } from './files.js';
import { asRecord, asText } from './json.js';

/** A service of a definition file, ready for the agent's registration endpoint. */
export interface ServiceRegistration {
  readonly id: string;
  readonly name: string;
  readonly body: Readonly<Record<string, unknown>>;
}

const fileSchema = serviceBodyField('file');
const apiSchema = serviceBodyField('api');

/**
 * The services of a definition file: `service { … }` blocks, and `services = [ … ]` (consul-behaviour.md 2.1, 2.2).
 * Throws AppError('invalidArgument') in the words that scripts know: a file that cannot be opened, syntax with line and
 * column, unknown keys each by name.
 */
export function readServiceFile(name: string, cwd: string): readonly ServiceRegistration[] {
  const top = parse(load(name, cwd), name);
  const problems: string[] = [];
  const found: ServiceRegistration[] = [];
  for (const [key, value] of Object.entries(top)) {
    if (key.toLowerCase() !== 'service' && key.toLowerCase() !== 'services') problems.push(`invalid config key ${key}`);
    else
      for (const definition of Array.isArray(value) ? value : [value]) {
        const decoded = tryDecode(fileSchema, definition, { hclBlocks: isBlockList(value) || !name.endsWith('.json') });
        if (!decoded.ok) problems.push(...decoded.problems.map((problem) => keyProblem(key, problem)));
        else found.push(registration(encode(apiSchema, withOneCheck(decoded.value))));
      }
  }
  if (problems.length > 0) throw new AppError('invalidArgument', `failed to parse ${name}: ${goErrorList(problems)}`);
  return found;
}

function load(name: string, cwd: string): string {
  const path = resolve(cwd, name);
  try {
    if (lstatSync(path).isDirectory())
      throw new AppError('invalidArgument', `config: ${name} is a directory; name the files in it`);
    return readFileSync(path, 'utf8');
  } catch (thrown) {
    if (thrown instanceof AppError) throw thrown;
    throw new AppError('invalidArgument', `config: Open failed on ${name}. ${fileProblem(thrown, name)}`, {
      cause: thrown,
    });
  }
}

function parse(text: string, name: string): Readonly<Record<string, unknown>> {
  try {
    return text.trim() === '' ? {} : parseHclOrJson(text, { filename: name });
  } catch (thrown) {
    throw new AppError(
      'invalidArgument',
      `failed to parse ${name}: ${thrown instanceof Error ? thrown.message : String(thrown)}`,
      { cause: thrown },
    );
  }
}

const keyProblem = (top: string, { type, path, problem }: WireProblem): string =>
  type === 'unknownField' ? `invalid config key ${top}.${path}` : `${top}${path === '' ? '' : `.${path}`} ${problem}`;

/** A file may have several `check` blocks, a body one: several are its `checks`. */
function withOneCheck(service: ServiceBody): ServiceBody {
  const { check, checks, connect } = service;
  const sidecarService = connect?.sidecarService && withOneCheck(connect.sidecarService);
  return {
    ...service,
    ...(check.length > 1 ? { check: [], checks: [...check, ...checks] } : {}),
    ...(connect ? { connect: { ...connect, ...(sidecarService ? { sidecarService } : {}) } } : {}),
  };
}

function registration(encoded: unknown): ServiceRegistration {
  const body = asRecord(encoded);
  const name = asText(body['Name']);
  return { id: asText(body['ID']) || name, name, body };
}

/** Several errors as Go programs list them. */
const goErrorList = (problems: readonly string[]): string =>
  `${problems.length} error${problems.length === 1 ? '' : 's'} occurred:\n${problems.map((one) => `\t* ${one}\n`).join('')}\n`;
