import { readFileSync, readdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { AgentFlagValues } from '../flags/agent-flags.js';
import { UsageError } from '../usage-error.js';
import { environmentSetting, environmentSwitch } from '../environment.js';
import { fileProblem } from '../files.js';
import type { CliIo } from '../io.js';
import { parseAgentAddress } from './agent-address.js';
import type { AgentSettings } from './agent-client.js';

/** The agent that flags, then the environment, then the defaults name (consul-behaviour.md 3.3). */
export function agentSettings(flags: AgentFlagValues, io: Pick<CliIo, 'env' | 'cwd'>): AgentSettings {
  const setting = (flag: string, name: string) => flag || environmentSetting(io.env, name) || '';
  const file = (path: string, what: string) => readNamedFile(resolve(io.cwd, path), path, what);

  const caFile = setting(flags.caFile, 'CACERT');
  const caPath = setting(flags.caPath, 'CAPATH');
  const cert = setting(flags.clientCert, 'CLIENT_CERT');
  const key = setting(flags.clientKey, 'CLIENT_KEY');
  const serverName = setting(flags.tlsServerName, 'TLS_SERVER_NAME');
  const ca = [
    ...(caFile === '' ? [] : [file(caFile, 'CA file')]),
    ...(caPath === '' ? [] : readCertificates(resolve(io.cwd, caPath), caPath)),
  ];
  return {
    address: parseAgentAddress(
      setting(flags.httpAddr, 'HTTP_ADDR') || '127.0.0.1:8500',
      environmentSwitch(io.env, 'HTTP_SSL') ?? false,
    ),
    token: token(flags, io.env, (path) => file(path, 'token file').trim()),
    basicAuth: environmentSetting(io.env, 'HTTP_AUTH') ?? '',
    datacenter: flags.datacenter,
    namespace: setting(flags.namespace, 'NAMESPACE'),
    partition: setting(flags.partition, 'PARTITION'),
    stale: flags.stale,
    tls: {
      ...(ca.length === 0 ? {} : { ca }),
      ...(cert === '' ? {} : { cert: file(cert, 'client certificate') }),
      ...(key === '' ? {} : { key: file(key, 'client key') }),
      ...(serverName === '' ? {} : { serverName }),
      verify: environmentSwitch(io.env, 'HTTP_SSL_VERIFY') ?? true,
    },
  };
}

/** In the order -token-file, -token, the variable for a file, the variable for a token. */
function token(flags: AgentFlagValues, env: CliIo['env'], read: (path: string) => string): string {
  if (flags.tokenFile !== '') return read(flags.tokenFile);
  if (flags.token !== '') return flags.token;
  const file = environmentSetting(env, 'HTTP_TOKEN_FILE');
  return file === undefined ? (environmentSetting(env, 'HTTP_TOKEN') ?? '') : read(file);
}

function readNamedFile(path: string, shown: string, what: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (thrown) {
    throw new UsageError(`Error reading the ${what}: ${fileProblem(thrown, shown)}`);
  }
}

/** The certificates of a directory, in the order of their names. */
export function readCertificates(directory: string, shown: string): readonly string[] {
  try {
    return readdirSync(directory)
      .sort()
      .map((name) => readFileSync(join(directory, name), 'utf8'))
      .filter((text) => text.includes('-----BEGIN CERTIFICATE-----'));
  } catch (thrown) {
    throw new UsageError(`Error reading the CA directory: ${fileProblem(thrown, shown)}`);
  }
}
