import type { EncodedResource, ResourceType } from '../resources/spec.js';
import { typeUrls } from './type-urls.js';
import { fieldLength, writeBytesField, writeFieldHead, writeTextField } from './wire-writer.js';

const PREFIX_BYTES = 5;

/** A whole gRPC message, prefix included. */
export interface Frame {
  readonly frame: Buffer;
  readonly nonce: string;
}

interface Batch extends Frame {
  readonly index: number;
  readonly resources: readonly EncodedResource[];
}

const BATCHES_KEPT = 8;

/**
 * Builds responses. The frame of a changed resource is made once and shared by all who get it, nonce included: a nonce must be
 * used once within a stream, so a stream that has had a newer one gets a frame of its own.
 */
export class FrameBook {
  readonly #singles = new Map<EncodedResource, Frame & { readonly index: number }>();
  /** Latest responses with several resources: in a herd of equal proxies each asks for the same. */
  #batches: Batch[] = [];
  readonly #onBuilt: () => void;
  readonly #later: (task: () => void) => void;
  #nonce = 0;

  /** `later` runs a task in a moment: shared frames are let go then. */
  constructor(onBuilt: () => void, later: (task: () => void) => void) {
    this.#onBuilt = onBuilt;
    this.#later = later;
  }

  /** The delta response with this one resource, at this state index, for a stream whose last nonce was `after`. */
  single(resource: EncodedResource, index: number, after: string): Frame {
    const known = this.#singles.get(resource);
    if (known?.index === index && known.nonce > after) return known;
    const made = { index, ...this.#build(resource.type, [resource], [], index) };
    this.#keepForAMoment();
    this.#singles.set(resource, made);
    return made;
  }

  /** A delta response with several resources, or with none. */
  together(
    type: ResourceType,
    resources: readonly EncodedResource[],
    removed: readonly string[],
    index: number,
    after: string,
  ): Frame {
    if (resources.length < 2 || removed.length > 0) return this.#build(type, resources, removed, index);
    const known = this.#batches.find(
      (batch) => batch.index === index && batch.nonce > after && isSameList(batch.resources, resources),
    );
    if (known) return known;
    this.#keepForAMoment();
    const made = { index, resources, ...this.#build(type, resources, removed, index) };
    this.#batches = [made, ...this.#batches.slice(0, BATCHES_KEPT - 1)];
    return made;
  }

  #build(type: ResourceType, resources: readonly EncodedResource[], removed: readonly string[], index: number): Frame {
    const nonce = this.#nextNonce();
    this.#onBuilt();
    return { nonce, frame: deltaFrame(type, index, nonce, resources, removed) };
  }

  /** A state-of-the-world response. */
  whole(type: ResourceType, resources: readonly EncodedResource[], version: string): Frame {
    const nonce = this.#nextNonce();
    this.#onBuilt();
    return { nonce, frame: stateOfTheWorldFrame(type, resources, version, nonce) };
  }

  #keepForAMoment(): void {
    if (this.#singles.size > 0 || this.#batches.length > 0) return;
    this.#later(() => {
      this.#singles.clear();
      this.#batches = [];
    });
  }

  #nextNonce(): string {
    this.#nonce++;
    return this.#nonce.toString(16).padStart(8, '0');
  }
}

function isSameList(left: readonly EncodedResource[], right: readonly EncodedResource[]): boolean {
  return left.length === right.length && left.every((resource, position) => resource === right[position]);
}

function resourceLength({ name, version, bytes }: EncodedResource): number {
  return fieldLength(Buffer.byteLength(version)) + fieldLength(bytes.length) + fieldLength(Buffer.byteLength(name));
}

/** `Resource { version = 1, resource = 2, name = 3 }` as field 2 of a response. */
function writeResource(target: Buffer, from: number, resource: EncodedResource): number {
  let position = writeFieldHead(target, from, 2, resourceLength(resource));
  position = writeTextField(target, position, 1, resource.version);
  position = writeBytesField(target, position, 2, resource.bytes);
  return writeTextField(target, position, 3, resource.name);
}

function lengthOfText(text: string): number {
  return fieldLength(Buffer.byteLength(text));
}

/** `DeltaDiscoveryResponse { system_version_info = 1, resources = 2, type_url = 4, nonce = 5, removed_resources = 6 }` */
function deltaFrame(
  type: ResourceType,
  index: number,
  nonce: string,
  resources: readonly EncodedResource[],
  removed: readonly string[],
): Buffer {
  const version = String(index);
  const url = typeUrls[type];
  let length = lengthOfText(version) + lengthOfText(url) + lengthOfText(nonce);
  for (const resource of resources) length += fieldLength(resourceLength(resource));
  for (const name of removed) length += lengthOfText(name);
  const frame = startFrame(length);
  let position = writeTextField(frame, PREFIX_BYTES, 1, version);
  for (const resource of resources) position = writeResource(frame, position, resource);
  position = writeTextField(frame, position, 4, url);
  position = writeTextField(frame, position, 5, nonce);
  for (const name of removed) position = writeTextField(frame, position, 6, name);
  return frame;
}

/** `DiscoveryResponse { version_info = 1, resources = 2, type_url = 4, nonce = 5 }` */
function stateOfTheWorldFrame(
  type: ResourceType,
  resources: readonly EncodedResource[],
  version: string,
  nonce: string,
): Buffer {
  const url = typeUrls[type];
  let length = lengthOfText(version) + lengthOfText(url) + lengthOfText(nonce);
  for (const { bytes } of resources) length += fieldLength(bytes.length);
  const frame = startFrame(length);
  let position = writeTextField(frame, PREFIX_BYTES, 1, version);
  for (const { bytes } of resources) position = writeBytesField(frame, position, 2, bytes);
  position = writeTextField(frame, position, 4, url);
  writeTextField(frame, position, 5, nonce);
  return frame;
}

function startFrame(messageLength: number): Buffer {
  const frame = Buffer.allocUnsafeSlow(PREFIX_BYTES + messageLength);
  frame[0] = 0;
  frame.writeUInt32BE(messageLength, 1);
  return frame;
}
