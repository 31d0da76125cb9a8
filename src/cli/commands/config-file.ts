import { AppError } from '../../core/index.js';
import { configFormat, parseHcl, parseHclOrJson, unwrapBlocks } from '../../lang/hcl/index.js';
import { asRecord, asText, parseJson } from '../json.js';

/** A config entry as a user wrote it: what it is about, and the body for the agent. */
export interface WrittenEntry {
  readonly kind: string;
  readonly name: string;
  readonly body: Readonly<Record<string, unknown>>;
}

/** Kinds with one entry each, whose name may be left out. */
const ONLY_NAMES: Readonly<Record<string, string>> = {
  'proxy-defaults': 'global',
  mesh: 'mesh',
  'exported-services': 'default',
};

/**
 * Reads a config entry from HCL or JSON. Only its kind and name are looked at; the agent judges the rest.
 * Throws AppError('invalidArgument') with line and column for what cannot be parsed.
 */
export function readConfigEntry(text: string, filename: string): WrittenEntry {
  if (text.trim() === '')
    throw new AppError('invalidArgument', `${filename} is empty; write a config entry in HCL or JSON`);
  const body =
    configFormat(text) === 'hcl' ? asRecord(unwrapBlocks(parseHcl(text, { filename }))) : readJson(text, filename);
  const kind = field(body, 'kind');
  if (kind === '') throw new AppError('invalidArgument', 'Payload does not contain a kind/Kind key at the top level');
  const name = field(body, 'name') || (ONLY_NAMES[kind] ?? '');
  return { kind, name, body };
}

/** The strict parser explains mistakes; ours keeps large numbers exact. */
function readJson(text: string, filename: string): Readonly<Record<string, unknown>> {
  parseHclOrJson(text, { filename });
  return asRecord(parseJson(text));
}

function field(body: Readonly<Record<string, unknown>>, name: string): string {
  const found = Object.entries(body).find(([key]) => key.toLowerCase() === name);
  return asText(found?.[1]);
}
