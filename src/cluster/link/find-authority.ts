import { createHash, X509Certificate } from 'node:crypto';
import { connect, type DetailedPeerCertificate } from 'node:tls';
import { AppError, parseHostPort } from '../../core/index.js';
import { pem } from '../../core/pem.js';

const TIMEOUT_MS = 5000;
const LONGEST_CHAIN = 5;

/**
 * The authority of the cluster as a server shows it, which the join token names by the hash of its key: whoever shows it has not
 * proven anything yet; the connections made with it do. `asks` is the name for the handshake. Throws AppError('unavailable' | 'unauthenticated').
 */
export function findAuthority(address: string, authorityHash: Uint8Array, asks: string): Promise<string> {
  const at = parseHostPort(address);
  if (at === undefined) return Promise.reject(new AppError('invalidArgument', `"${address}" is not host:port`));
  return new Promise((resolve, reject) => {
    const socket = connect({ ...at, servername: asks, ALPNProtocols: ['h2'], rejectUnauthorized: false });
    const fail = (error: AppError): void => {
      socket.destroy();
      reject(error);
    };
    socket.setTimeout(TIMEOUT_MS, () => fail(new AppError('unavailable', `the server at ${address} does not answer`)));
    socket.once('error', (error: NodeJS.ErrnoException) =>
      fail(new AppError('unavailable', `the server at ${address} is not reached (${error.code ?? error.message})`)),
    );
    socket.once('secureConnect', () => {
      const authority = chainOf(socket.getPeerCertificate(true)).find((certificate) =>
        keyHash(certificate).equals(authorityHash),
      );
      if (authority === undefined) {
        const problem = `the server at ${address} is not of the cluster that the join token is for`;
        fail(new AppError('unauthenticated', problem));
        return;
      }
      socket.destroy();
      resolve(pem('CERTIFICATE', authority.raw));
    });
  });
}

function chainOf(leaf: DetailedPeerCertificate): X509Certificate[] {
  const chain: X509Certificate[] = [];
  let next: DetailedPeerCertificate | undefined = leaf;
  while (next?.raw !== undefined && chain.length < LONGEST_CHAIN) {
    chain.push(new X509Certificate(next.raw));
    next = next.issuerCertificate === next ? undefined : next.issuerCertificate;
  }
  return chain;
}

const keyHash = ({ publicKey }: X509Certificate): Buffer =>
  createHash('sha256')
    .update(publicKey.export({ type: 'spki', format: 'der' }))
    .digest();
