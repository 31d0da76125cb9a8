import { X509Certificate } from 'node:crypto';
import type { SecureVersion } from 'node:tls';
import type { AgentConfig } from '../agent/config/index.js';
import type { RenewedCredentials } from '../cluster/index.js';
import { AppError } from '../core/index.js';
import { createFileCertificates, type FileCertificates } from './tls-files.js';

/** Certificates for the cluster that come from files, with their wishes for TLS. */
export interface ClusterFiles {
  readonly certificates: FileCertificates;
  readonly tls: { readonly minVersion?: SecureVersion; readonly ciphers?: string };
  /** Reads them again. Throws AppError('invalidArgument'); then nothing changes. */
  reload(config: AgentConfig): void;
}

/** The files of `tls.internal_rpc`; undefined where not all that is needed is given. Throws AppError('invalidArgument'). */
export function clusterFiles({ tls: { internalRpc } }: Pick<AgentConfig, 'tls'>): ClusterFiles | undefined {
  const { certFile, caFile, caPath } = internalRpc;
  if (certFile === '' || (caFile === '' && caPath === '')) return undefined;
  const certificates = createFileCertificates('tls.internal_rpc', { ...internalRpc, verifyIncoming: true }, NONE);
  const { wishes } = certificates.current();
  return {
    certificates,
    tls: { ...(wishes && { minVersion: wishes.minVersion }), ...(wishes?.ciphers && { ciphers: wishes.ciphers }) },
    reload({ tls }) {
      if (tls.internalRpc.certFile !== '') certificates.reload({ ...tls.internalRpc, verifyIncoming: true });
    },
  };
}

/** As what an agent shows to others. */
export function fileCredentials({ certificates }: ClusterFiles): RenewedCredentials {
  return {
    current() {
      const { certPem, privateKeyPem: keyPem, wishes } = certificates.current();
      const notAfterMs = Date.parse(new X509Certificate(certPem).validTo);
      return { caPem: wishes?.clientAuthoritiesPem ?? '', certPem, keyPem, notAfterMs };
    },
    onChange: (listener) => certificates.onChange(listener),
    close: () => undefined,
  };
}

const NONE = {
  current: () => {
    throw new AppError('invalidArgument', 'tls.internal_rpc: cert_file and key_file are needed');
  },
  onChange: () => () => undefined,
};
