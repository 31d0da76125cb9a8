import type { Bytes } from './node-scan.js';
import { WireReader } from './wire-reader.js';

/** A request of either protocol, read without decoding the node that Envoys repeat in it. */
export interface DiscoveryRequest {
  readonly node: Bytes | undefined;
  readonly typeUrl: string;
  /** Delta: names newly asked for. State of the world: all names asked for. */
  readonly subscribe: readonly string[];
  readonly unsubscribe: readonly string[];
  /** Delta: what the client claims to have, name -> version. */
  readonly versions: ReadonlyMap<string, string>;
  /** Empty unless this answers a response. */
  readonly nonce: string;
  /** Set when the response is refused. */
  readonly error: string | undefined;
}

const NO_NAMES: readonly string[] = [];
const NO_VERSIONS: ReadonlyMap<string, string> = new Map();

/** Field numbers of the two request messages. */
interface Layout {
  readonly node: number;
  readonly typeUrl: number;
  readonly subscribe: number;
  readonly unsubscribe: number;
  readonly versions: number;
  readonly nonce: number;
  readonly error: number;
}

const ABSENT = -1;
const delta: Layout = { node: 1, typeUrl: 2, subscribe: 3, unsubscribe: 4, versions: 5, nonce: 6, error: 7 };
const stateOfTheWorld: Layout = {
  node: 2,
  typeUrl: 4,
  subscribe: 3,
  unsubscribe: ABSENT,
  versions: ABSENT,
  nonce: 5,
  error: 6,
};

/** Reads a `DeltaDiscoveryRequest`. AppError('invalidArgument') when it is not one. */
export const scanDeltaRequest = (message: Buffer): DiscoveryRequest => scan(message, delta);

/** Reads a `DiscoveryRequest`. AppError('invalidArgument') when it is not one. */
export const scanStateOfTheWorldRequest = (message: Buffer): DiscoveryRequest => scan(message, stateOfTheWorld);

function scan(message: Buffer, layout: Layout): DiscoveryRequest {
  let node: Bytes | undefined;
  let typeUrl = '';
  let nonce = '';
  let error: string | undefined;
  let subscribe: string[] | undefined;
  let unsubscribe: string[] | undefined;
  let versions: Map<string, string> | undefined;
  const reader = new WireReader(message);
  while (reader.next()) {
    const { field } = reader;
    if (field === layout.node) node = { bytes: message, start: reader.start, end: reader.end };
    else if (field === layout.typeUrl) typeUrl = reader.text();
    else if (field === layout.nonce) nonce = reader.text();
    else if (field === layout.subscribe) (subscribe ??= []).push(reader.text());
    else if (field === layout.unsubscribe) (unsubscribe ??= []).push(reader.text());
    else if (field === layout.versions) scanVersion(reader.inner(), (versions ??= new Map()));
    else if (field === layout.error) error = scanStatusMessage(reader.inner());
  }
  return {
    node,
    typeUrl,
    nonce,
    error,
    subscribe: subscribe ?? NO_NAMES,
    unsubscribe: unsubscribe ?? NO_NAMES,
    versions: versions ?? NO_VERSIONS,
  };
}

function scanVersion(entry: WireReader, into: Map<string, string>): void {
  let name = '';
  let version = '';
  while (entry.next()) {
    if (entry.field === 1) name = entry.text();
    else if (entry.field === 2) version = entry.text();
  }
  into.set(name, version);
}

/** The message of a `google.rpc.Status`. */
function scanStatusMessage(status: WireReader): string {
  let message = '';
  while (status.next()) if (status.field === 2) message = status.text();
  return message;
}
