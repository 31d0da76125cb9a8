import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createSecureContext, type SecureVersion } from 'node:tls';
import type { CheckTls } from '../agent/index.js';
import { CIPHER_SUITES, type TlsConfig } from '../agent/config/index.js';
import { AppError } from '../core/index.js';
import type { ServerCertificate, ServerCertificateProvider } from '../xds/server/index.js';

/** The certificate of a TLS port, from the configured files. */
export interface FileCertificates extends ServerCertificateProvider {
  /** Reads the files again. Throws AppError('invalidArgument') when they are no good; then what was read before stays. */
  reload(config: TlsConfig): void;
}

/** Reads the files of a port. Without a configured certificate `own` gives one of our authority. Throws as `reload`. */
export function createFileCertificates(
  option: string,
  config: TlsConfig,
  own: ServerCertificateProvider,
): FileCertificates {
  const listeners = new Set<() => void>();
  let current = config;
  let wishes = wishesOf(option, config);
  let files = certificateOf(option, config);
  const changed = (): void => {
    for (const listener of listeners) listener();
  };
  own.onChange(() => {
    if (files === undefined) changed();
  });
  return {
    current: () => ({ ...(files ?? own.current()), wishes }),
    onChange(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    reload(next) {
      const [newWishes, newFiles] = [wishesOf(option, next), certificateOf(option, next)];
      const before = JSON.stringify([current, wishes, files]);
      [current, wishes, files] = [next, newWishes, newFiles];
      if (JSON.stringify([current, wishes, files]) !== before) changed();
    },
  };
}

/** The certificates of all TLS ports, read when a port opens. */
export interface PortCertificates {
  of(port: TlsPort): FileCertificates;
  /** Reads the files of the open ports again. Throws as `FileCertificates.reload`. */
  reload(config: Readonly<Record<TlsPort, TlsConfig>>): void;
}

type TlsPort = 'https' | 'grpc';

export function createPortCertificates(
  config: Readonly<Record<TlsPort, TlsConfig>>,
  own: ServerCertificateProvider,
): PortCertificates {
  const opened = new Map<TlsPort, FileCertificates>();
  return {
    of(port) {
      const made = opened.get(port) ?? createFileCertificates(`tls.${port}`, config[port], own);
      opened.set(port, made);
      return made;
    },
    reload(next) {
      for (const [port, made] of opened) made.reload(next[port]);
    },
  };
}

function certificateOf(option: string, { certFile, keyFile }: TlsConfig): ServerCertificate | undefined {
  if (certFile === '') return undefined;
  const certPem = readPem(`${option}.cert_file`, certFile);
  const privateKeyPem = readPem(`${option}.key_file`, keyFile);
  try {
    createSecureContext({ cert: certPem, key: privateKeyPem });
  } catch (thrown) {
    // OpenSSL's words name no secret, and say whether the key does not fit or the file is no PEM.
    throw new AppError(
      'invalidArgument',
      `${option}: cert_file ${certFile} and key_file ${keyFile} cannot be used together: ${(thrown as Error).message}`,
    );
  }
  return { certPem, privateKeyPem };
}

function wishesOf(option: string, config: TlsConfig): NonNullable<ServerCertificate['wishes']> {
  return {
    minVersion: config.minVersion.replace('TLSv1_', 'TLSv1.').replace(/\.0$/, '') as SecureVersion,
    ciphers: config.cipherSuites.map((name) => CIPHER_SUITES[name] ?? '').join(':'),
    clientAuthoritiesPem: config.verifyIncoming ? authoritiesOf(option, config) : '',
  };
}

function authoritiesOf(option: string, { caFile, caPath }: TlsConfig): string {
  const fromFile = caFile === '' ? [] : [readPem(`${option}.ca_file`, caFile)];
  const fromPath =
    caPath === '' ? [] : namesOf(option, caPath).map((name) => readPem(`${option}.ca_path`, join(caPath, name)));
  const all = [...fromFile, ...fromPath].join('\n');
  if (!all.includes('-----BEGIN CERTIFICATE-----'))
    throw new AppError('invalidArgument', `${option}: there is no certificate in ca_file or ca_path`);
  return all;
}

/** What checks over TLS show and whom they trust, from the files for servers and agents. Throws AppError('invalidArgument'). */
export function checkTlsOf(config: TlsConfig): CheckTls {
  const option = 'tls.internal_rpc';
  const own = certificateOf(option, config);
  return {
    ...(config.caFile === '' && config.caPath === '' ? {} : { ca: authoritiesOf(option, config) }),
    ...(own ? { cert: own.certPem, key: own.privateKeyPem } : {}),
  };
}

function namesOf(option: string, path: string): string[] {
  try {
    return readdirSync(path).sort();
  } catch (thrown) {
    throw unreadable(`${option}.ca_path`, path, thrown);
  }
}

/** The text of a file that an option names. Throws AppError('invalidArgument') that says which, and why not. */
export function readPem(option: string, path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (thrown) {
    throw unreadable(option, path, thrown);
  }
}

function unreadable(option: string, path: string, thrown: unknown): AppError {
  const code = (thrown as NodeJS.ErrnoException).code ?? 'an error';
  return new AppError('invalidArgument', `${option}: ${path} cannot be read (${code})`);
}
