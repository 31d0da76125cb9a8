import {
  TAR_BLOCK_BYTES,
  TAR_CHECKSUM,
  TAR_NAME_BYTES,
  TAR_SIZE,
  TAR_TYPE_AT,
  tarChecksum,
  tarPadding,
} from '../core/tar.js';
import { SnapshotError } from './format.js';

/** Tar archives read as much as the snapshot file needs. */

/** Larger files are nobody's: ours are cut into pieces of some hundred kB, and the largest record has a few MB. */
const LARGEST_FILE_BYTES = 64 * 1024 * 1024;

export interface TarFile {
  readonly name: string;
  readonly body: Buffer;
}

/** The files of an archive as its bytes arrive. Throws SnapshotError where it is not one, or ends too early. */
export async function* tarFiles(bytes: AsyncIterable<Buffer>): AsyncGenerator<TarFile> {
  const input = new Input(bytes);
  for (;;) {
    const header = await input.take(TAR_BLOCK_BYTES);
    if (header === undefined) throw cutShort();
    if (header.every((byte) => byte === 0)) break;
    const { name, size } = readHeader(header);
    const body = await input.take(size);
    const rest = body && (await input.take(tarPadding(size)));
    if (body === undefined || rest === undefined) throw cutShort();
    yield { name, body };
  }
  await input.drain();
}

const cutShort = (): SnapshotError => new SnapshotError('the snapshot is cut short: its end is missing');

function readHeader(header: Buffer): { readonly name: string; readonly size: number } {
  const recorded = Number.parseInt(textAt(header, TAR_CHECKSUM.at, TAR_CHECKSUM.bytes), 8);
  if (recorded !== tarChecksum(header)) throw new SnapshotError('the file is not a snapshot: it holds no tar archive');
  const size = Number.parseInt(textAt(header, TAR_SIZE.at, TAR_SIZE.bytes), 8);
  const type = header[TAR_TYPE_AT];
  if (!(size >= 0 && size <= LARGEST_FILE_BYTES) || (type !== 0x30 && type !== 0))
    throw new SnapshotError('the file is not a snapshot: its tar archive holds other than small plain files');
  return { name: textAt(header, 0, TAR_NAME_BYTES), size };
}

function textAt(header: Buffer, at: number, bytes: number): string {
  const text = header.toString('latin1', at, at + bytes);
  const end = text.indexOf('\u0000');
  return (end < 0 ? text : text.slice(0, end)).trim();
}

/** Bytes that arrive in any pieces, taken in pieces of wanted sizes. */
class Input {
  readonly #source: AsyncIterator<Buffer>;
  #pieces: Buffer[] = [];
  #size = 0;

  constructor(bytes: AsyncIterable<Buffer>) {
    this.#source = bytes[Symbol.asyncIterator]();
  }

  /** The next `size` bytes; undefined when there are not so many. */
  async take(size: number): Promise<Buffer | undefined> {
    while (this.#size < size) {
      const next = await this.#source.next();
      if (next.done === true) return undefined;
      this.#pieces.push(next.value);
      this.#size += next.value.length;
    }
    const joined = this.#pieces.length === 1 ? (this.#pieces[0] as Buffer) : Buffer.concat(this.#pieces);
    this.#pieces = joined.length === size ? [] : [joined.subarray(size)];
    this.#size -= size;
    return joined.subarray(0, size);
  }

  /** Reads to the end, so that checksums below this archive are looked at too; nothing but zeros may follow. */
  async drain(): Promise<void> {
    for (;;) {
      if (this.#pieces.some((piece) => piece.some((byte) => byte !== 0)))
        throw new SnapshotError('the snapshot is damaged: something follows its end');
      const next = await this.#source.next();
      if (next.done === true) return;
      this.#pieces = [next.value];
    }
  }
}
