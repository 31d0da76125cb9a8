import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { toJson } from './json-writer.js';

/** On one line, indented as `-dev` answers, or indented with a newline at the end (`?pretty`). */
export type JsonLayout = 'line' | 'indented' | 'pretty';

const INDENT = 4;
/** What is kept of all bodies together; the oldest go first. */
const MOST_BYTES_KEPT = 64 * 1024 * 1024;
const MOST_VARIANTS = 32;

const compress = promisify(gzip);

/** Text up to this length is written as it is: copying it costs less than a second piece to write. */
const LONGEST_TEXT = 4096;
// oxlint-disable-next-line no-control-regex -- all of ASCII is what is looked for
const ASCII = /^[\u0000-\u007f]*$/;

/** A value as JSON: bytes, or short text in which each character is one byte. */
export function encodeJson(value: unknown, layout: JsonLayout): Buffer | string {
  const json = toJson(value, layout === 'line' ? 0 : INDENT);
  const text = layout === 'pretty' ? `${json}\n` : json;
  return text.length <= LONGEST_TEXT && ASCII.test(text) ? text : Buffer.from(text);
}

/** Bytes as gzip, quickly rather than well. */
export function gzipped(bytes: Buffer): Promise<Buffer> {
  return compress(bytes, { level: 1 });
}

/** The JSON body of a value that never changes: written down when it is first asked for, in each layout, and compressed once. */
export class EncodedJson {
  readonly #make: () => unknown;
  readonly #bodies = new Map<JsonLayout, Buffer | string>();
  readonly #compressed = new Map<Buffer | string, Promise<Buffer>>();

  constructor(make: () => unknown) {
    this.#make = make;
  }

  body(layout: JsonLayout): Buffer | string {
    const known = this.#bodies.get(layout);
    if (known !== undefined) return known;
    const made = encodeJson(this.#make(), layout);
    this.#bodies.set(layout, made);
    noteKept(this, made.length);
    return made;
  }

  /** `body`, which this gave, as gzip. */
  gzipped(body: Buffer | string): Promise<Buffer> {
    const known = this.#compressed.get(body);
    if (known !== undefined) return known;
    const made = gzipped(typeof body === 'string' ? Buffer.from(body, 'latin1') : body);
    this.#compressed.set(body, made);
    made.catch(() => this.#compressed.delete(body));
    return made;
  }

  /** Lets go of what is written down. */
  forget(): void {
    this.#bodies.clear();
    this.#compressed.clear();
  }
}

interface Kept {
  readonly body: WeakRef<EncodedJson>;
  readonly bytes: number;
}

/** Oldest first; those whose values are gone count until they are the oldest. */
const kept = new Set<Kept>();
let keptBytes = 0;

function noteKept(body: EncodedJson, bytes: number): void {
  kept.add({ body: new WeakRef(body), bytes });
  keptBytes += bytes;
  for (const oldest of kept) {
    if (keptBytes <= MOST_BYTES_KEPT) return;
    kept.delete(oldest);
    keptBytes -= oldest.bytes;
    oldest.body.deref()?.forget();
  }
}

/** Held as long as the values they were made from. */
const bySource = new WeakMap<object, Map<string, EncodedJson>>();

/**
 * The body made from a value that never changes, in one of its variants. `make` must hold nothing but what it makes: it is kept as
 * long as the value is.
 */
export function encodedOnce<Source extends object>(
  source: Source,
  variant: string,
  make: (source: Source) => unknown,
): EncodedJson {
  let variants = bySource.get(source);
  if (variants === undefined) bySource.set(source, (variants = new Map()));
  const known = variants.get(variant);
  if (known !== undefined) return known;
  const made = new EncodedJson(() => make(source));
  if (variants.size >= MOST_VARIANTS) variants.clear();
  variants.set(variant, made);
  return made;
}
