import type { UserAgent } from './envoy-version.js';
import { WireReader } from './wire-reader.js';

/** A stretch of a buffer. */
export interface Bytes {
  readonly bytes: Buffer;
  readonly start: number;
  readonly end: number;
}

/** What we read of an `envoy.config.core.v3.Node`; its hundreds of extensions are skipped. */
export interface ScannedNode {
  readonly id: string;
  readonly cluster: string;
  readonly userAgent: UserAgent;
  /** Text values of the metadata. */
  readonly metadata: ReadonlyMap<string, string>;
}

/** Reads a node. AppError('invalidArgument') when it is not one. */
export function scanNode({ bytes, start, end }: Bytes): ScannedNode {
  let id = '';
  let cluster = '';
  let name = '';
  let version: UserAgent['version'];
  const metadata = new Map<string, string>();
  const reader = new WireReader(bytes, start, end);
  while (reader.next()) {
    if (reader.field === 1) id = reader.text();
    else if (reader.field === 2) cluster = reader.text();
    else if (reader.field === 3) scanMetadata(reader.inner(), metadata);
    else if (reader.field === 6) name = reader.text();
    else if (reader.field === 7) version ??= parseVersion(reader.text());
    else if (reader.field === 8) version = scanBuildVersion(reader.inner()) ?? version;
  }
  return { id, cluster, metadata, userAgent: version ? { name, version } : { name } };
}

/** The id alone, which is what has to stay the same on a stream; undefined when the node has none. */
export function scanNodeId({ bytes, start, end }: Bytes): string | undefined {
  const reader = new WireReader(bytes, start, end);
  while (reader.next()) if (reader.field === 1) return reader.text();
  return undefined;
}

/** The id of a node of which only the beginning is there; undefined when the id does not come first, or is cut. */
export function scanCutNodeId(beginning: Buffer): string | undefined {
  const ID_TAG = 0x0a;
  if (beginning[0] !== ID_TAG) return undefined;
  const length = beginning[1] ?? 0;
  // Ids of 128 bytes and more have a longer length; their nodes are not compared here but where a request comes whole.
  if (length >= 0x80 || beginning.length < 2 + length) return undefined;
  return beginning.toString('utf8', 2, 2 + length);
}

/** Text values of a `google.protobuf.Struct`. */
function scanMetadata(struct: WireReader, into: Map<string, string>): void {
  while (struct.next()) {
    if (struct.field !== 1) continue;
    let key = '';
    let value: string | undefined;
    const entry = struct.inner();
    while (entry.next()) {
      if (entry.field === 1) key = entry.text();
      else if (entry.field === 2) value = scanText(entry.inner());
    }
    if (value !== undefined) into.set(key, value);
  }
}

function scanText(value: WireReader): string | undefined {
  let text: string | undefined;
  while (value.next()) text = value.field === 3 ? value.text() : undefined;
  return text;
}

/** The semantic version of an `envoy.config.core.v3.BuildVersion`. */
function scanBuildVersion(build: WireReader): UserAgent['version'] {
  let version: UserAgent['version'];
  while (build.next()) if (build.field === 1) version = scanSemanticVersion(build.inner());
  return version;
}

function scanSemanticVersion(semantic: WireReader): UserAgent['version'] {
  const numbers = [0, 0, 0, 0];
  while (semantic.next()) if (semantic.field < 4) numbers[semantic.field] = semantic.value;
  const [, major = 0, minor = 0, patch = 0] = numbers;
  return { major, minor, patch };
}

function parseVersion(text: string): UserAgent['version'] {
  const match = /^v?(\d{1,6})\.(\d{1,6})(?:\.(\d{1,6}))?/.exec(text);
  return match ? { major: Number(match[1]), minor: Number(match[2]), patch: Number(match[3] ?? 0) } : undefined;
}
