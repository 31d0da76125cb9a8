import { readFileSync, readdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { consulStorageFields, type StorageOptions } from '../../backup/index.js';
import { AppError } from '../../core/errors/index.js';
import { configFormat, parseHclOrJson } from '../../lang/hcl/index.js';
import { decode, duration, type Field, flag, integer, object, optional, text } from '../../model/wire/index.js';
import { fileProblem } from '../files.js';

/** `snapshot_agent` of a configuration file. */
export interface SnapshotAgentOptions extends StorageOptions {
  readonly httpAddr?: string;
  readonly token?: string;
  readonly datacenter?: string;
  readonly caFile?: string;
  readonly caPath?: string;
  readonly certFile?: string;
  readonly keyFile?: string;
  readonly tlsServerName?: string;
  readonly login?: { readonly authMethod?: string };
  readonly snapshot?: {
    readonly intervalMs?: number;
    readonly retain?: number;
    readonly stale?: boolean;
    readonly service?: string;
    readonly deregisterAfterMs?: number;
    readonly lockKey?: string;
    readonly maxFailures?: number;
    readonly localScratchPath?: string;
  };
}

const words = (): Field<string | undefined> => optional(text());

const agentField = object<SnapshotAgentOptions>(
  {
    httpAddr: words(),
    token: words(),
    datacenter: words(),
    caFile: words(),
    caPath: words(),
    certFile: words(),
    keyFile: words(),
    tlsServerName: words(),
    login: optional(
      object<NonNullable<SnapshotAgentOptions['login']>>(
        { authMethod: words() },
        { ignored: ['bearer_token', 'bearer_token_file', 'meta'] },
      ),
    ),
    snapshot: optional(
      object<NonNullable<SnapshotAgentOptions['snapshot']>>({
        intervalMs: optional(duration()),
        retain: optional(integer()),
        stale: optional(flag()),
        service: words(),
        deregisterAfterMs: optional(duration()),
        lockKey: words(),
        maxFailures: optional(integer()),
        localScratchPath: words(),
      }),
    ),
    ...consulStorageFields,
  },
  { ignored: ['license_path', 'log'] },
);

/** Other sections are the agent's, whose files may lie in the same folder. */
interface AgentFile {
  readonly snapshotAgent?: SnapshotAgentOptions;
}

/**
 * Reads `-config-file` and `-config-dir`: the `snapshot_agent` sections of all files, a later one over an earlier one, section by
 * section. Files without one are passed over. Throws AppError('invalidArgument') that names the file, also where none has one.
 */
export function readAgentFiles(
  files: readonly string[],
  folders: readonly string[],
  cwd: string,
): SnapshotAgentOptions {
  const paths = [...files, ...folders.flatMap((folder) => filesIn(folder, cwd))];
  if (paths.length === 0) return {};
  const found = paths.flatMap((path) => sectionOf(path, cwd));
  if (found.length === 0)
    throw new AppError('invalidArgument', `no section snapshot_agent in ${paths.join(', ')}: give it in one of them`);
  return found.reduce((before, section) => ({
    ...before,
    ...section,
    ...(before.snapshot || section.snapshot ? { snapshot: { ...before.snapshot, ...section.snapshot } } : {}),
  }));
}

function filesIn(folder: string, cwd: string): string[] {
  try {
    const names = readdirSync(resolve(cwd, folder)).filter((name) => /\.(?:json|hcl)$/.test(name));
    return names.sort().map((name) => join(folder, name));
  } catch (thrown) {
    throw new AppError('invalidArgument', fileProblem(thrown, folder));
  }
}

function sectionOf(path: string, cwd: string): SnapshotAgentOptions[] {
  let content: string;
  try {
    content = readFileSync(resolve(cwd, path), 'utf8');
  } catch (thrown) {
    throw new AppError('invalidArgument', fileProblem(thrown, path));
  }
  const parsed = parseHclOrJson(content, { filename: path });
  const others = Object.keys(parsed).filter((name) => name !== 'snapshot_agent');
  const ignored = { ignored: others };
  const fileField = object<AgentFile>({ snapshotAgent: optional(agentField) }, ignored);
  const { snapshotAgent } = decode(fileField, parsed, { what: path, hclBlocks: configFormat(content) === 'hcl' });
  return snapshotAgent ? [snapshotAgent] : [];
}
