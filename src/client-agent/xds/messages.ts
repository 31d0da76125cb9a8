import { WireReader } from '../../xds/server/wire-reader.js';
import { fieldLength, writeBytesField, writeFieldHead, writeTextField } from '../../xds/server/wire-writer.js';

/** One resource of a delta response: its message as it came. */
export interface DeltaResource {
  readonly name: string;
  readonly version: string;
  /** The whole `Resource` message, to be sent again byte by byte. */
  readonly bytes: Buffer;
}

/** What of a response is looked at on its way. */
export interface Response {
  readonly typeUrl: string;
  readonly nonce: string;
  /** State of the world: the version of all of it. */
  readonly version: string;
  readonly resources: readonly DeltaResource[];
  readonly removed: readonly string[];
}

const NONE: readonly never[] = [];

/** Reads a `DeltaDiscoveryResponse`. AppError('invalidArgument') when it is none. */
export function scanDeltaResponse(message: Buffer): Response {
  let typeUrl = '';
  let nonce = '';
  const resources: DeltaResource[] = [];
  const removed: string[] = [];
  const reader = new WireReader(message);
  while (reader.next()) {
    if (reader.field === 2) resources.push(scanResource(message.subarray(reader.start, reader.end)));
    else if (reader.field === 4) typeUrl = reader.text();
    else if (reader.field === 5) nonce = reader.text();
    else if (reader.field === 6) removed.push(reader.text());
  }
  return { typeUrl, nonce, version: '', resources, removed };
}

function scanResource(bytes: Buffer): DeltaResource {
  let name = '';
  let version = '';
  const reader = new WireReader(bytes);
  while (reader.next()) {
    if (reader.field === 1) version = reader.text();
    else if (reader.field === 3) name = reader.text();
  }
  return { name, version, bytes };
}

/** Reads a `DiscoveryResponse`; its resources are left as they are. AppError('invalidArgument') when it is none. */
export function scanWholeResponse(message: Buffer): Response {
  let typeUrl = '';
  let nonce = '';
  let version = '';
  const reader = new WireReader(message);
  while (reader.next()) {
    if (reader.field === 1) version = reader.text();
    else if (reader.field === 4) typeUrl = reader.text();
    else if (reader.field === 5) nonce = reader.text();
  }
  return { typeUrl, nonce, version, resources: NONE, removed: NONE };
}

/** The number of the nonce's field: of responses of both protocols, of delta requests, of state-of-the-world requests. */
export const NONCE = { response: 5, delta: 6, 'state-of-the-world': 5 } as const;

/** The message with another nonce: of a field that is there twice, the last counts. */
export function withNonce(message: Buffer, field: number, nonce: string): Buffer {
  const changed = Buffer.allocUnsafe(message.length + fieldLength(Buffer.byteLength(nonce)));
  message.copy(changed);
  writeTextField(changed, message.length, field, nonce);
  return changed;
}

/** A `DeltaDiscoveryResponse` of kept resources. */
export function deltaResponse(typeUrl: string, nonce: string, resources: readonly DeltaResource[]): Buffer {
  const version = 'kept';
  let length = textLength(version) + textLength(typeUrl) + textLength(nonce);
  for (const { bytes } of resources) length += fieldLength(bytes.length);
  const message = Buffer.allocUnsafe(length);
  let at = writeTextField(message, 0, 1, version);
  for (const { bytes } of resources) at = writeBytesField(message, at, 2, bytes);
  at = writeTextField(message, at, 4, typeUrl);
  writeTextField(message, at, 5, nonce);
  return message;
}

export interface DeltaSubscription {
  readonly node: Buffer | undefined;
  readonly typeUrl: string;
  readonly subscribe: readonly string[];
  readonly unsubscribe: readonly string[];
  readonly versions: ReadonlyMap<string, string>;
}

/** A `DeltaDiscoveryRequest` that answers nothing. */
export function deltaRequest({ node, typeUrl, subscribe, unsubscribe, versions }: DeltaSubscription): Buffer {
  const entries = [...versions].map(
    ([name, version]) => [name, version, textLength(name) + textLength(version)] as const,
  );
  let length = textLength(typeUrl) + (node === undefined ? 0 : fieldLength(node.length));
  for (const name of subscribe) length += textLength(name);
  for (const name of unsubscribe) length += textLength(name);
  for (const [, , entryLength] of entries) length += fieldLength(entryLength);
  const message = Buffer.allocUnsafe(length);
  let at = node === undefined ? 0 : writeBytesField(message, 0, 1, node);
  at = writeTextField(message, at, 2, typeUrl);
  for (const name of subscribe) at = writeTextField(message, at, 3, name);
  for (const name of unsubscribe) at = writeTextField(message, at, 4, name);
  for (const [name, version, entryLength] of entries) {
    at = writeFieldHead(message, at, 5, entryLength);
    at = writeTextField(message, at, 1, name);
    at = writeTextField(message, at, 2, version);
  }
  return message;
}

/** A `DiscoveryRequest` that answers nothing: all names that are wanted, and the version of what is there. */
export function wholeRequest(
  node: Buffer | undefined,
  typeUrl: string,
  names: readonly string[],
  version: string,
): Buffer {
  const hasVersion = version !== '';
  let length = (hasVersion ? textLength(version) : 0) + textLength(typeUrl);
  if (node !== undefined) length += fieldLength(node.length);
  for (const name of names) length += textLength(name);
  const message = Buffer.allocUnsafe(length);
  let at = hasVersion ? writeTextField(message, 0, 1, version) : 0;
  if (node !== undefined) at = writeBytesField(message, at, 2, node);
  for (const name of names) at = writeTextField(message, at, 3, name);
  writeTextField(message, at, 4, typeUrl);
  return message;
}

const textLength = (text: string): number => fieldLength(Buffer.byteLength(text));
