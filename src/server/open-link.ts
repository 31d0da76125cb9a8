import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { AgentConfig } from '../agent/config/index.js';
import { replaceFile } from '../agent/index.js';
import { deriveClusterSecrets, type JoinToken, joinTokenOf, parseJoinToken } from '../cluster/credentials/index.js';
import {
  type AgentFacts,
  createServerLink,
  type CredentialsKeeper,
  type ServerLink,
  type ServerLinkParts,
  systemResolve,
} from '../cluster/index.js';
import type { AppError, Clock } from '../core/index.js';
import type { Logger } from '../telemetry/index.js';
import { clusterFiles, fileCredentials } from './cluster-files.js';
import { readPem } from './tls-files.js';

const KEPT_FILE = 'cluster-identity.json';

/** A client agent's link to its servers. `reload` reads the files of `tls.internal_rpc` again, as `OpenCluster.reload`. */
export function openLink(
  config: AgentConfig,
  parts: {
    readonly facts: AgentFacts;
    readonly clock: Clock;
    readonly logger: Logger;
    readonly onGiveUp: (error: AppError) => void;
  },
): { readonly link: ServerLink; reload(config: AgentConfig): void } {
  const { cluster, dns, dataDir } = config;
  const files = clusterFiles(config);
  const admission: ServerLinkParts['admission'] = files
    ? { files: fileCredentials(files), domain: dns.domain, tls: files.tls }
    : { token: joinToken(config), ...(dataDir === '' ? {} : { keeper: keeperIn(dataDir) }) };
  const link = createServerLink({
    ...parts,
    join: {
      addresses: [...cluster.startJoin, ...cluster.retryJoin],
      intervalMs: cluster.retryIntervalMs,
      max: cluster.retryMax,
    },
    admission,
    random: Math.random,
    resolve: systemResolve,
  });
  return { link, reload: (next) => files?.reload(next) };
}

/** The token of the configuration, or that of the cluster key. Throws AppError('invalidArgument'). */
function joinToken({ cluster: { joinToken: given, joinTokenFile, encrypt } }: AgentConfig): JoinToken {
  if (given !== '') return parseJoinToken(given);
  if (joinTokenFile !== '') return parseJoinToken(readPem('join.token_file', joinTokenFile));
  return joinTokenOf(deriveClusterSecrets(encrypt));
}

/** The agent's certificate survives a restart, so that it can come back after its token was changed. */
function keeperIn(dataDir: string): CredentialsKeeper {
  const file = join(dataDir, KEPT_FILE);
  return {
    read() {
      try {
        return readFileSync(file, 'utf8');
      } catch {
        return undefined;
      }
    },
    write: (text) => replaceFile(file, text),
  };
}
