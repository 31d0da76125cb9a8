import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { AgentConfig } from '../agent/config/index.js';
import { AppError, type Clock } from '../core/index.js';
import { type Backend, createMemoryBackend } from '../state/index.js';

interface EngineParts {
  readonly nodeId: string;
  readonly clock: Clock;
  readonly onProblem: (error: AppError) => void;
}

/** The engine the configuration asks for, not opened yet; only its own packages are loaded. Throws AppError('invalidArgument'). */
export async function createBackend(
  { state, dataDir }: AgentConfig,
  { nodeId, clock, onProblem }: EngineParts,
): Promise<Backend> {
  if (state.backend === 'memory') return createMemoryBackend();
  if (state.backend === 'embedded') {
    const { createEmbeddedBackend } = await import('../state/backend/embedded/index.js');
    return createEmbeddedBackend({ path: `${dataDir}/state` });
  }
  const { createEtcdBackend } = await import('../state/backend/etcd/index.js');
  const { endpoints, prefix, allowOld, compactionIntervalMs, username, password } = state.etcd;
  const tls = tlsOf(state.etcd);
  return createEtcdBackend({
    connection: { endpoints, ...(tls && { tls }), ...(username !== '' && { login: { username, password } }) },
    prefix,
    server: nodeId,
    clock,
    allowOldEtcd: allowOld,
    compactEveryMs: compactionIntervalMs,
    ...(dataDir !== '' && { clusterFile: join(dataDir, 'etcd-cluster.json') }),
    onProblem,
  });
}

function tlsOf({ caFile, certFile, keyFile, serverName }: AgentConfig['state']['etcd']) {
  if (caFile === '' && certFile === '' && serverName === '') return undefined;
  return {
    ...(caFile !== '' && { ca: pem('ca_file', caFile) }),
    ...(certFile !== '' && { cert: pem('cert_file', certFile), key: pem('key_file', keyFile) }),
    ...(serverName !== '' && { serverName }),
  };
}

function pem(option: string, path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code ?? 'unknown error';
    throw new AppError('invalidArgument', `state.etcd.${option} ${path} cannot be read (${code})`, { cause });
  }
}
