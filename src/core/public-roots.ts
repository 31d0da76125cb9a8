import { rootCertificates } from 'node:tls';

/** Certificates of the public authorities (Mozilla's list, as it comes with this Node), PEM, one after the other. */
export function publicRoots(): string {
  return rootCertificates.map((certificate) => `${certificate}\n`).join('');
}
