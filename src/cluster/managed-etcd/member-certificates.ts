import { mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { EtcdTls } from '../../state/backend/etcd/client/index.js';

/** PEM texts: of the authority, and of this server's certificate for its addresses. */
export interface MemberCredentials {
  readonly caPem: string;
  readonly certPem: string;
  readonly keyPem: string;
}

/** The certificates that a member shows and trusts: in files for etcd, and as its clients here use them. */
export class MemberCertificates {
  /** Where etcd reads them. */
  readonly folder: string;
  readonly #serverName: string;
  #current: MemberCredentials;

  /** `serverName`: the name that certificates of members have; empty = any will do. */
  constructor(folder: string, serverName: string, credentials: MemberCredentials) {
    this.folder = folder;
    this.#serverName = serverName;
    this.#current = credentials;
  }

  get tls(): EtcdTls {
    const { caPem, certPem, keyPem } = this.#current;
    const [ca, cert, key] = [caPem, certPem, keyPem].map((text) => Buffer.from(text)) as [Buffer, Buffer, Buffer];
    return { ca, cert, key, ...(this.#serverName !== '' && { serverName: this.#serverName }) };
  }

  /** Writes the files; each is whole at every moment. */
  write(): void {
    mkdirSync(this.folder, { recursive: true, mode: 0o700 });
    const { caPem, certPem, keyPem } = this.#current;
    for (const [file, text] of [
      ['ca.pem', caPem],
      ['member.pem', certPem],
      ['member-key.pem', keyPem],
    ] as const) {
      writeFileSync(join(this.folder, `${file}.new`), text, { mode: 0o600 });
      renameSync(join(this.folder, `${file}.new`), join(this.folder, file));
    }
  }

  /** Goes on with newer ones. Returns whether others are trusted now: etcd reads those at its start only. */
  replace(credentials: MemberCredentials): boolean {
    const isOtherTrust = authoritiesIn(this.#current.caPem) !== authoritiesIn(credentials.caPem);
    this.#current = credentials;
    this.write();
    return isOtherTrust;
  }
}

/** The same text for the same certificates, whatever their order. */
const authoritiesIn = (pem: string): string =>
  pem
    .split(/(?=-----BEGIN )/)
    .toSorted()
    .join('');
