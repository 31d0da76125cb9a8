import { SnapshotError } from './format.js';

/** Tar archives of plain files with short names (POSIX ustar), as much of them as the snapshot file needs. */

const BLOCK_BYTES = 512;
const NAME_BYTES = 100;
/** Larger files are nobody's: ours are cut into pieces of some hundred kB, and the largest record has a few MB. */
const LARGEST_FILE_BYTES = 64 * 1024 * 1024;

const SIZE = { at: 124, bytes: 12 } as const;
const CHECKSUM = { at: 148, bytes: 8 } as const;
const TYPE_AT = 156;
const MAGIC = { at: 257, text: 'ustar\u000000' } as const;

/** The bytes of one file in an archive. */
export function tarFile(name: string, body: Buffer): Buffer {
  const header = Buffer.alloc(BLOCK_BYTES);
  header.write(name, 0, NAME_BYTES);
  header.write('0000600\u00000000000\u00000000000\u0000', 100);
  header.write(`${body.length.toString(8).padStart(SIZE.bytes - 1, '0')}\u0000`, SIZE.at);
  header.write(`${'0'.repeat(11)}\u0000`, 136);
  header.write('0', TYPE_AT);
  header.write(MAGIC.text, MAGIC.at);
  header.write(`${checksum(header).toString(8).padStart(6, '0')}\u0000 `, CHECKSUM.at);
  return Buffer.concat([header, body, Buffer.alloc(padding(body.length))]);
}

/** What ends an archive. */
export const TAR_END = Buffer.alloc(2 * BLOCK_BYTES);

export interface TarFile {
  readonly name: string;
  readonly body: Buffer;
}

/** The files of an archive as its bytes arrive. Throws SnapshotError where it is not one, or ends too early. */
export async function* tarFiles(bytes: AsyncIterable<Buffer>): AsyncGenerator<TarFile> {
  const input = new Input(bytes);
  for (;;) {
    const header = await input.take(BLOCK_BYTES);
    if (header === undefined) throw cutShort();
    if (header.every((byte) => byte === 0)) break;
    const { name, size } = readHeader(header);
    const body = await input.take(size);
    const rest = body && (await input.take(padding(size)));
    if (body === undefined || rest === undefined) throw cutShort();
    yield { name, body };
  }
  await input.drain();
}

const cutShort = (): SnapshotError => new SnapshotError('the snapshot is cut short: its end is missing');

function readHeader(header: Buffer): { readonly name: string; readonly size: number } {
  const recorded = Number.parseInt(textAt(header, CHECKSUM.at, CHECKSUM.bytes), 8);
  if (recorded !== checksum(header)) throw new SnapshotError('the file is not a snapshot: it holds no tar archive');
  const size = Number.parseInt(textAt(header, SIZE.at, SIZE.bytes), 8);
  const type = header[TYPE_AT];
  if (!(size >= 0 && size <= LARGEST_FILE_BYTES) || (type !== 0x30 && type !== 0))
    throw new SnapshotError('the file is not a snapshot: its tar archive holds other than small plain files');
  return { name: textAt(header, 0, NAME_BYTES), size };
}

const padding = (size: number): number => (BLOCK_BYTES - (size % BLOCK_BYTES)) % BLOCK_BYTES;

function textAt(header: Buffer, at: number, bytes: number): string {
  const text = header.toString('latin1', at, at + bytes);
  const end = text.indexOf('\u0000');
  return (end < 0 ? text : text.slice(0, end)).trim();
}

/** Sum of all bytes, the checksum field itself counted as blanks. */
function checksum(header: Buffer): number {
  let sum = 0;
  for (const [at, byte] of header.entries())
    sum += at >= CHECKSUM.at && at < CHECKSUM.at + CHECKSUM.bytes ? 0x20 : byte;
  return sum;
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
