/** Tar archives of plain files with short names (POSIX ustar): how one is written, and where things stand in a header. */

export const TAR_BLOCK_BYTES = 512;
export const TAR_NAME_BYTES = 100;
export const TAR_SIZE = { at: 124, bytes: 12 } as const;
export const TAR_CHECKSUM = { at: 148, bytes: 8 } as const;
export const TAR_TYPE_AT = 156;

/** What ends an archive. */
export const TAR_END = Buffer.alloc(2 * TAR_BLOCK_BYTES);

/** The bytes of one file in an archive, owned by nobody and readable by its owner only; `mtimeSeconds` since the epoch. Throws for a name above 100 bytes. */
export function tarFile(name: string, body: Buffer, mtimeSeconds = 0): Buffer {
  if (Buffer.byteLength(name) > TAR_NAME_BYTES) throw new Error(`the name "${name}" is too long for an archive`);
  const header = Buffer.alloc(TAR_BLOCK_BYTES);
  header.write(name, 0);
  header.write('0000600\u00000000000\u00000000000\u0000', 100);
  header.write(octal(body.length, TAR_SIZE.bytes), TAR_SIZE.at);
  header.write(octal(mtimeSeconds, 12), 136);
  header.write('0', TAR_TYPE_AT);
  header.write('ustar\u000000', 257);
  header.write(`${octal(tarChecksum(header), 7)} `, TAR_CHECKSUM.at);
  return Buffer.concat([header, body, Buffer.alloc(tarPadding(body.length))]);
}

/** How many bytes fill the last block of a file. */
export const tarPadding = (size: number): number => (TAR_BLOCK_BYTES - (size % TAR_BLOCK_BYTES)) % TAR_BLOCK_BYTES;

/** Sum of all bytes of a header, the checksum field itself counted as blanks. */
export function tarChecksum(header: Buffer): number {
  let sum = 0;
  for (const [at, byte] of header.entries())
    sum += at >= TAR_CHECKSUM.at && at < TAR_CHECKSUM.at + TAR_CHECKSUM.bytes ? 0x20 : byte;
  return sum;
}

const octal = (value: number, bytes: number): string => `${value.toString(8).padStart(bytes - 1, '0')}\u0000`;
