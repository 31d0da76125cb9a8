import { generateKeyPairSync, type JsonWebKey, type KeyObject, sign } from 'node:crypto';
import { createServer, type RequestListener } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';

export type Claims = Readonly<Record<string, unknown>>;

const encoded = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
const nowSeconds = (): number => Math.floor(Date.now() / 1000);

/** Somebody who issues tokens: RS256, with one key. */
export class TokenIssuer {
  readonly #key: KeyObject;
  /** What those need who verify the tokens. */
  readonly jwks: { readonly keys: readonly JsonWebKey[] };

  constructor(
    readonly issuer: string,
    readonly keyId = 'one',
  ) {
    const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    this.#key = privateKey;
    this.jwks = { keys: [{ ...publicKey.export({ format: 'jwk' }), kid: keyId, alg: 'RS256', use: 'sig' }] };
  }

  /** A token that is good for five minutes; claims are added to, or take the place of, the usual ones. */
  token(claims: Claims = {}): string {
    const header = encoded({ alg: 'RS256', typ: 'JWT', kid: this.keyId });
    const payload = encoded({ iss: this.issuer, sub: 'somebody', exp: nowSeconds() + 300, ...claims });
    const signature = sign('sha256', Buffer.from(`${header}.${payload}`), this.#key).toString('base64url');
    return `${header}.${payload}.${signature}`;
  }

  /** A token that ended so many seconds ago. */
  expired(seconds: number): string {
    return this.token({ exp: nowSeconds() - seconds });
  }

  /** A token with nobody's signature. */
  unsigned(claims: Claims = {}): string {
    const payload = encoded({ iss: this.issuer, exp: nowSeconds() + 300, ...claims });
    return `${encoded({ alg: 'none', typ: 'JWT' })}.${payload}.`;
  }

  /** A `Local` key set of a jwt-provider. */
  get local(): { readonly Local: { readonly JWKS: string } } {
    return { Local: { JWKS: Buffer.from(JSON.stringify(this.jwks)).toString('base64') } };
  }
}

/** A server that hands out keys. */
export interface KeyServer {
  readonly port: number;
  /** How often it was asked. */
  readonly asked: number;
  close(): Promise<void>;
}

/** Starts one on a loopback port, with TLS when there is a certificate. */
export async function startKeyServer(
  jwks: object,
  certificate?: { readonly certPem: string; readonly privateKeyPem: string },
): Promise<KeyServer> {
  let asked = 0;
  const answer: RequestListener = (_request, response) => {
    asked++;
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify(jwks));
  };
  const server = certificate
    ? createTlsServer({ cert: certificate.certPem, key: certificate.privateKeyPem }, answer)
    : createServer(answer);
  await new Promise<void>((resolve) => server.listen({ host: '127.0.0.1', port: 0 }, resolve));
  return {
    port: (server.address() as AddressInfo).port,
    get asked() {
      return asked;
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
