import { X509Certificate } from 'node:crypto';
import type { TLSSocket } from 'node:tls';
import type { ServerUnaryCall } from '@grpc/grpc-js';
import { AppError } from '../../core/index.js';
import type { AgentIdentity, AgentRole } from '../credentials/index.js';
import type { ClusterTrust } from '../trust.js';

/** What a call of grpc-js tells of its connection. */
export type Call = Pick<ServerUnaryCall<unknown, unknown>, 'getPeer' | 'getAuthContext'>;

const NO_CERTIFICATE = 'no client certificate of this cluster was shown: join first, with a join token of it';

/** Who is at the other end of a connection, or why nobody is: a sentence. */
export function peerOfSocket(socket: TLSSocket, trust: ClusterTrust, nowMs: number): AgentIdentity | string {
  const certificate = socket.getPeerX509Certificate();
  if (certificate === undefined) return NO_CERTIFICATE;
  if (!socket.authorized)
    return `the client certificate is not accepted (${String(socket.authorizationError)}): join again, with a join token of this cluster`;
  return judge(certificate, trust, nowMs);
}

/** Who makes a call. Throws AppError('unauthenticated') when that is nobody of this cluster. */
export function callerOf(call: Call, trust: ClusterTrust, nowMs: number, problem?: string): AgentIdentity {
  // Empty unless the certificate was verified at the handshake.
  const raw = call.getAuthContext()?.sslPeerCertificate?.raw;
  const caller = raw === undefined ? (problem ?? NO_CERTIFICATE) : judge(new X509Certificate(raw), trust, nowMs);
  if (typeof caller === 'string') throw new AppError('unauthenticated', caller);
  return caller;
}

/** Throws AppError('permissionDenied') unless the caller has the role. */
export function requireRole(caller: AgentIdentity, role: AgentRole, what: string): void {
  if (caller.role !== role)
    throw new AppError('permissionDenied', `${what} is for ${role === 'server' ? 'servers' : 'client agents'} only`);
}

/** A connection may outlive the certificate it was opened with. */
function judge(certificate: X509Certificate, trust: ClusterTrust, nowMs: number): AgentIdentity | string {
  if (Date.parse(certificate.validTo) <= nowMs)
    return `the client certificate has expired at ${certificate.validTo}: join again`;
  return trust.identityOf(certificate) ?? 'the client certificate is not of an agent of this cluster';
}
