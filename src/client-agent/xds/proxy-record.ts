import type { DeltaResource } from './messages.js';

const SECRET_TYPE = 'type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.Secret';
/** Secrets that hold nothing secret: the authorities that peers are checked by. */
const PUBLIC_SECRET = /^roots(?::|$)/;
const PRIVATE_KEY = 'PRIVATE KEY';

/** What a proxy has accepted last, by type and name: what it is given again when no server is there. */
export class ProxyRecord {
  readonly id: string;
  readonly #types = new Map<string, Map<string, DeltaResource>>();
  /** State of the world: the last accepted response of a type, whole. */
  readonly #responses = new Map<string, Buffer>();
  seenAtMs: number;

  constructor(id: string, seenAtMs: number) {
    this.id = id;
    this.seenAtMs = seenAtMs;
  }

  /** Resources of a type; undefined = the proxy was never given any. */
  resources(typeUrl: string): ReadonlyMap<string, DeltaResource> | undefined {
    return this.#types.get(typeUrl);
  }

  response(typeUrl: string): Buffer | undefined {
    return this.#responses.get(typeUrl);
  }

  accept(typeUrl: string, resources: readonly DeltaResource[], removed: readonly string[]): void {
    const known = this.#types.get(typeUrl) ?? new Map<string, DeltaResource>();
    this.#types.set(typeUrl, known);
    // The bytes are a part of a larger message, which must not live on with them.
    for (const resource of resources) known.set(resource.name, { ...resource, bytes: Buffer.from(resource.bytes) });
    for (const name of removed) known.delete(name);
  }

  acceptWhole(typeUrl: string, response: Buffer): void {
    this.#responses.set(typeUrl, Buffer.from(response));
  }

  /** Lets go of what the proxy does not have any more. */
  keepOnly(typeUrl: string, names: ReadonlySet<string>): void {
    const known = this.#types.get(typeUrl);
    for (const name of known?.keys() ?? []) if (!names.has(name)) known?.delete(name);
  }

  get isEmpty(): boolean {
    return this.#types.size === 0 && this.#responses.size === 0;
  }

  /** What may stand on a disk: everything but private keys, wherever they are. */
  toStored(): StoredProxy {
    const types = [...this.#types].map(([typeUrl, resources]) => ({
      typeUrl,
      resources: [...resources.values()]
        .filter(({ name, bytes }) => mayBeStored(typeUrl, name, bytes))
        .map(({ name, version, bytes }) => ({ name, version, bytes: bytes.toString('base64') })),
    }));
    const responses = [...this.#responses]
      .filter(([typeUrl, bytes]) => typeUrl !== SECRET_TYPE && !bytes.includes(PRIVATE_KEY))
      .map(([typeUrl, bytes]) => ({ typeUrl, bytes: bytes.toString('base64') }));
    return { id: this.id, seenAtMs: this.seenAtMs, types, responses };
  }

  /** Throws when it is not what `toStored` made. */
  static fromStored(stored: StoredProxy): ProxyRecord {
    const record = new ProxyRecord(stored.id, stored.seenAtMs);
    for (const { typeUrl, resources } of stored.types)
      record.accept(
        typeUrl,
        resources.map(({ name, version, bytes }) => ({ name, version, bytes: Buffer.from(bytes, 'base64') })),
        [],
      );
    for (const { typeUrl, bytes } of stored.responses) record.acceptWhole(typeUrl, Buffer.from(bytes, 'base64'));
    return record;
  }
}

/** A record as it stands in a file. */
export interface StoredProxy {
  readonly id: string;
  readonly seenAtMs: number;
  readonly types: readonly {
    readonly typeUrl: string;
    readonly resources: readonly { readonly name: string; readonly version: string; readonly bytes: string }[];
  }[];
  readonly responses: readonly { readonly typeUrl: string; readonly bytes: string }[];
}

const mayBeStored = (typeUrl: string, name: string, bytes: Buffer): boolean =>
  (typeUrl !== SECRET_TYPE || PUBLIC_SECRET.test(name)) && !bytes.includes(PRIVATE_KEY);

/** Whether resources of a type are for encrypted connections only. */
export const isSecretType = (typeUrl: string): boolean => typeUrl === SECRET_TYPE;
