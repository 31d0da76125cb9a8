import { join } from 'node:path';
import type { AgentConfig } from '../agent/config/index.js';
import type { AppError, Clock } from '../core/index.js';
import { type Backend, createMemoryBackend } from '../state/index.js';
import type { EtcdConnection } from '../state/backend/etcd/index.js';
import { readPem } from './tls-files.js';

interface EngineParts {
  readonly nodeId: string;
  readonly clock: Clock;
  readonly onProblem: (error: AppError) => void;
  /** The etcd that this server takes part in; without it the configuration says where one is. */
  readonly connection?: EtcdConnection;
}

/** The engine the configuration asks for, not opened yet; only its own packages are loaded. Throws AppError('invalidArgument'). */
export async function createBackend(
  { state, dataDir, datacenter }: AgentConfig,
  { nodeId, clock, onProblem, connection }: EngineParts,
): Promise<Backend> {
  if (state.backend === 'memory') return createMemoryBackend();
  if (state.backend === 'embedded') {
    const { createEmbeddedBackend } = await import('../state/backend/embedded/index.js');
    return createEmbeddedBackend({ path: `${dataDir}/state` });
  }
  const { createEtcdBackend } = await import('../state/backend/etcd/index.js');
  const { prefix, allowOld, compactionIntervalMs } = state.etcd;
  return createEtcdBackend({
    connection: connection ?? externalConnection(state.etcd),
    prefix,
    datacenter,
    server: nodeId,
    clock,
    allowOldEtcd: allowOld,
    compactEveryMs: compactionIntervalMs,
    ...(dataDir !== '' && { clusterFile: join(dataDir, 'etcd-cluster.json') }),
    onProblem,
  });
}

/** How the etcd is reached that the configuration names. Throws AppError('invalidArgument') for files that cannot be read. */
export function externalConnection(etcd: AgentConfig['state']['etcd']): EtcdConnection {
  const { endpoints, username, password } = etcd;
  const tls = tlsOf(etcd);
  return { endpoints, ...(tls && { tls }), ...(username !== '' && { login: { username, password } }) };
}

function tlsOf({ caFile, certFile, keyFile, serverName }: AgentConfig['state']['etcd']) {
  if (caFile === '' && certFile === '' && serverName === '') return undefined;
  return {
    ...(caFile !== '' && { ca: pem('ca_file', caFile) }),
    ...(certFile !== '' && { cert: pem('cert_file', certFile), key: pem('key_file', keyFile) }),
    ...(serverName !== '' && { serverName }),
  };
}

const pem = (option: string, path: string): Buffer => Buffer.from(readPem(`state.etcd.${option}`, path));
