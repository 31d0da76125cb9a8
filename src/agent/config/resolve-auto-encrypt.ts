import { AppError } from '../../core/index.js';
import type { AgentOptions } from './options.js';

/** Certificates that servers give client agents for their TLS ports (consul-behaviour 3.2, auto_encrypt). */
export interface AutoEncryptConfig {
  /** Of a server: agents are given certificates. */
  readonly allowTls: boolean;
  /** Of a client agent: TLS ports without files are given one. */
  readonly tls: boolean;
  /** DNS names and IP addresses that the certificate of a client agent is for, besides those that each has. */
  readonly names: readonly string[];
}

/** On unless it is switched off; with ACLs or without, an agent has shown who it is. Throws AppError('invalidArgument'). */
export function resolveAutoEncrypt({ autoEncrypt = {} }: AgentOptions, server: boolean): AutoEncryptConfig {
  const { allowTls, tls, dnsSan = [], ipSan = [] } = autoEncrypt;
  if (server && tls === true)
    throw invalid('auto_encrypt.tls is for client agents: servers have auto_encrypt.allow_tls');
  if (!server && allowTls === true)
    throw invalid('auto_encrypt.allow_tls is for servers: client agents have auto_encrypt.tls');
  return { allowTls: allowTls ?? true, tls: tls ?? true, names: [...dnsSan, ...ipSan] };
}

const invalid = (message: string): AppError => new AppError('invalidArgument', message);
