import { isIP } from 'node:net';
import { type HostPort, parseHostPort } from '../../core/index.js';
import type { CheckDefinition } from '../../model/definitions/index.js';

/** Where a check connects to: `host:port`, or `:port` of this machine; undefined when it is not that. */
export function parseTarget(target: string): HostPort | undefined {
  const place = parseHostPort(target);
  return place && { ...place, host: place.host || '127.0.0.1' };
}

/** What checks over TLS show and whom they trust, in the form of `tls.connect` (`enable_agent_tls_for_checks`). */
export interface CheckTls {
  /** Instead of the system's authorities. */
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
}

/** The name that a TLS server is asked for and must prove, in the form of `tls.connect`: none of an address without a given name. */
export function serverNameOf({ tlsServerName }: CheckDefinition, host: string): { readonly servername?: string } {
  const name = tlsServerName || (isIP(host) ? '' : host);
  return name === '' ? {} : { servername: name };
}

/** The reason of a failed connection in the words that people know from Consul. */
export function connectProblem(thrown: unknown): string {
  const error = thrown as NodeJS.ErrnoException;
  if (error.code === 'ECONNREFUSED') return 'connection refused';
  // Several addresses of one name, all of which failed: the error itself has no text.
  if (thrown instanceof AggregateError && error.message === '') return connectProblem(thrown.errors[0]);
  return error.message || error.code || String(thrown);
}
