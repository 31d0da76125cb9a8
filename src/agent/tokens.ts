import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { AppError } from '../core/index.js';
import type { TokenConfig } from './config/index.js';
import { replaceFile } from './persistence.js';

/** The tokens an agent acts with when a request brings none. */
export type TokenKind =
  | 'default'
  | 'agent'
  | 'agent_recovery'
  | 'replication'
  | 'config_file_service_registration'
  | 'dns';

/** Names under which tokens are set by HTTP, old ones too (consul-behaviour.md 1.2). */
const KINDS: Readonly<Record<string, TokenKind>> = {
  default: 'default',
  acl_token: 'default',
  agent: 'agent',
  acl_agent_token: 'agent',
  agent_recovery: 'agent_recovery',
  agent_master: 'agent_recovery',
  acl_agent_master_token: 'agent_recovery',
  replication: 'replication',
  acl_replication_token: 'replication',
  config_file_service_registration: 'config_file_service_registration',
  dns: 'dns',
  dns_token: 'dns',
};

/** The kind that a name of the API means; undefined when it means none. */
export const tokenKind = (name: string): TokenKind | undefined =>
  Object.hasOwn(KINDS, name) ? KINDS[name] : undefined;

/** The tokens of an agent. They are secrets: never logged, never in an answer. */
export interface AgentTokens {
  /** Empty = none. */
  get(kind: TokenKind): string;
  /** Sets a token by HTTP; kept over restarts where the configuration says so. AppError('internal') when it cannot be kept. */
  set(kind: TokenKind, token: string): void;
  /** Takes in the tokens of a configuration; those set by HTTP and kept win. */
  configure(config: TokenConfig): void;
}

const FILE = 'acl-tokens.json';

/** The tokens of a configuration, those kept in the data directory over them (`acl.enable_token_persistence`). */
export function createAgentTokens(config: TokenConfig, dataDir: string, warn: (message: string) => void): AgentTokens {
  let current = config;
  let configured = tokensOf(config);
  const kept = new Map<TokenKind, string>(
    config.enablePersistence && dataDir !== '' ? readKept(join(dataDir, FILE), warn) : [],
  );
  for (const kind of kept.keys())
    if (configured.has(kind))
      warn(`the ${kind} token was set by HTTP and is kept; the one of the configuration is not used`);
  const save = (): void => {
    if (!current.enablePersistence || dataDir === '') return;
    try {
      mkdirSync(dataDir, { recursive: true, mode: 0o700 });
      replaceFile(join(dataDir, FILE), JSON.stringify(Object.fromEntries(kept)));
    } catch (thrown) {
      throw new AppError('internal', 'the token is in use but could not be kept for the next start', { cause: thrown });
    }
  };
  return {
    get: (kind) => kept.get(kind) ?? configured.get(kind) ?? '',
    set(kind, token) {
      kept.set(kind, token);
      save();
    },
    configure(next) {
      current = next;
      configured = tokensOf(next);
      // Without persistence a reload takes back what was set by HTTP, as far as the configuration names a token.
      if (!next.enablePersistence) for (const kind of configured.keys()) kept.delete(kind);
    },
  };
}

function tokensOf(config: TokenConfig): Map<TokenKind, string> {
  const all: readonly (readonly [TokenKind, string])[] = [
    ['default', config.default],
    ['agent', config.agent],
    ['agent_recovery', config.agentRecovery],
    ['replication', config.replication],
    ['config_file_service_registration', config.configFileServiceRegistration],
    ['dns', config.dns],
  ];
  return new Map(all.filter(([, token]) => token !== ''));
}

function readKept(file: string, warn: (message: string) => void): [TokenKind, string][] {
  try {
    const stored = JSON.parse(readFileSync(file, 'utf8')) as Readonly<Record<string, unknown>>;
    return Object.entries(stored).flatMap(([name, token]): [TokenKind, string][] => {
      const kind = tokenKind(name);
      return kind !== undefined && typeof token === 'string' ? [[kind, token]] : [];
    });
  } catch (thrown) {
    const { code } = thrown as NodeJS.ErrnoException;
    // What a parser says may quote a token.
    if (code !== 'ENOENT')
      warn(
        `${file} cannot be read (${code ?? 'it is not JSON'}): tokens that were set by HTTP are lost, set them again`,
      );
    return [];
  }
}
