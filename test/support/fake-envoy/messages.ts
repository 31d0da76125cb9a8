import { contents, field, fields, number, text } from './proto.js';

/** The six types, in the order in which an Envoy asks for them. */
export const fakeTypes = ['cluster', 'endpoint', 'secret', 'listener', 'route', 'extension'] as const;
export type FakeType = (typeof fakeTypes)[number];

const PREFIX = 'type.googleapis.com/';
export const typeUrls: Readonly<Record<FakeType, string>> = {
  cluster: `${PREFIX}envoy.config.cluster.v3.Cluster`,
  endpoint: `${PREFIX}envoy.config.endpoint.v3.ClusterLoadAssignment`,
  secret: `${PREFIX}envoy.extensions.transport_sockets.tls.v3.Secret`,
  listener: `${PREFIX}envoy.config.listener.v3.Listener`,
  route: `${PREFIX}envoy.config.route.v3.RouteConfiguration`,
  extension: `${PREFIX}envoy.config.core.v3.TypedExtensionConfig`,
};
const byUrl = new Map(fakeTypes.map((type) => [typeUrls[type], type]));
export const typeOfUrl = (url: string): FakeType | undefined => byUrl.get(url);

export interface FakeNode {
  readonly id: string;
  readonly cluster?: string;
  readonly nodeName?: string;
  /** Further string metadata. */
  readonly metadata?: Readonly<Record<string, string>>;
  readonly userAgent?: string;
  /** `[1, 36, 2]` */
  readonly version?: readonly [number, number, number];
  /** Bytes of extension entries to carry, as a real Envoy does (some 500 names). */
  readonly extensionBytes?: number;
}

/** `envoy.config.core.v3.Node` */
export function encodeNode(node: FakeNode): Buffer {
  const parts = [field(1, node.id), field(2, node.cluster ?? '')];
  const metadata = { ...(node.nodeName === undefined ? {} : { node_name: node.nodeName }), ...node.metadata };
  const entries = Object.entries(metadata).map(([key, value]) =>
    field(1, Buffer.concat([field(1, key), field(2, field(3, value))])),
  );
  if (entries.length > 0) parts.push(field(3, Buffer.concat(entries)));
  parts.push(field(6, node.userAgent ?? 'envoy'));
  if (node.version) {
    const [major, minor, patch] = node.version;
    const semantic = Buffer.concat([number(8), number(major), number(16), number(minor), number(24), number(patch)]);
    parts.push(field(8, field(1, semantic)));
  }
  const extension = field(
    9,
    Buffer.concat([
      field(1, 'envoy.filters.http.some_filter_of_a_real_envoy'),
      field(2, 'envoy.filters.http'),
      field(6, 'x'.repeat(60)),
    ]),
  );
  for (let bytes = 0; bytes < (node.extensionBytes ?? 0); bytes += extension.length) parts.push(extension);
  return Buffer.concat(parts);
}

export interface DeltaRequest {
  readonly node?: Buffer | undefined;
  readonly typeUrl: string;
  readonly subscribe?: readonly string[];
  readonly unsubscribe?: readonly string[];
  readonly versions?: ReadonlyMap<string, string>;
  readonly nonce?: string;
  readonly error?: string;
}

export function encodeDeltaRequest(request: DeltaRequest): Buffer {
  const parts: Buffer[] = [];
  if (request.node) parts.push(field(1, request.node));
  parts.push(field(2, request.typeUrl));
  for (const name of request.subscribe ?? []) parts.push(field(3, name));
  for (const name of request.unsubscribe ?? []) parts.push(field(4, name));
  for (const [name, version] of request.versions ?? [])
    parts.push(field(5, Buffer.concat([field(1, name), field(2, version)])));
  if (request.nonce) parts.push(field(6, request.nonce));
  if (request.error !== undefined) parts.push(field(7, Buffer.concat([Buffer.from([8, 13]), field(2, request.error)])));
  return Buffer.concat(parts);
}

export interface ReceivedResource {
  readonly name: string;
  readonly version: string;
  /** The encoded `Any`. */
  readonly any: Buffer;
}

export interface DeltaResponse {
  readonly systemVersion: string;
  readonly typeUrl: string;
  readonly nonce: string;
  readonly resources: readonly ReceivedResource[];
  readonly removed: readonly string[];
  readonly bytes: number;
}

export function decodeDeltaResponse(message: Buffer): DeltaResponse {
  let systemVersion = '';
  let typeUrl = '';
  let nonce = '';
  const resources: ReceivedResource[] = [];
  const removed: string[] = [];
  for (const { number: fieldNumber, bytes } of fields(message)) {
    if (fieldNumber === 1) systemVersion = bytes.toString();
    else if (fieldNumber === 2)
      resources.push({ name: text(bytes, 3), version: text(bytes, 1), any: contents(bytes, 2)[0] ?? Buffer.alloc(0) });
    else if (fieldNumber === 4) typeUrl = bytes.toString();
    else if (fieldNumber === 5) nonce = bytes.toString();
    else if (fieldNumber === 6) removed.push(bytes.toString());
  }
  return { systemVersion, typeUrl, nonce, resources, removed, bytes: message.length };
}

export interface StateOfTheWorldRequest {
  readonly node?: Buffer | undefined;
  readonly typeUrl: string;
  readonly names?: readonly string[];
  readonly version?: string;
  readonly nonce?: string;
  readonly error?: string;
}

export function encodeStateOfTheWorldRequest(request: StateOfTheWorldRequest): Buffer {
  const parts: Buffer[] = [];
  if (request.version) parts.push(field(1, request.version));
  if (request.node) parts.push(field(2, request.node));
  for (const name of request.names ?? []) parts.push(field(3, name));
  parts.push(field(4, request.typeUrl));
  if (request.nonce) parts.push(field(5, request.nonce));
  if (request.error !== undefined) parts.push(field(6, Buffer.concat([Buffer.from([8, 13]), field(2, request.error)])));
  return Buffer.concat(parts);
}

export interface StateOfTheWorldResponse {
  readonly version: string;
  readonly typeUrl: string;
  readonly nonce: string;
  readonly resources: readonly Buffer[];
}

export function decodeStateOfTheWorldResponse(message: Buffer): StateOfTheWorldResponse {
  return {
    version: text(message, 1),
    typeUrl: text(message, 4),
    nonce: text(message, 5),
    resources: contents(message, 2),
  };
}
