/** One file of an archive. */
export interface TarEntry {
  /** Its path in the archive, up to 100 bytes. */
  readonly name: string;
  readonly bytes: Buffer;
}

const BLOCK = 512;

/** Files as a tar archive (POSIX ustar), owned by nobody and readable by the owner only. `mtimeSeconds` since the epoch. */
export function tarOf(entries: readonly TarEntry[], mtimeSeconds: number): Buffer {
  const parts = entries.flatMap(({ name, bytes }) => [
    header(name, bytes.length, mtimeSeconds),
    bytes,
    Buffer.alloc((BLOCK - (bytes.length % BLOCK)) % BLOCK),
  ]);
  return Buffer.concat([...parts, Buffer.alloc(2 * BLOCK)]);
}

function header(name: string, size: number, mtimeSeconds: number): Buffer {
  if (Buffer.byteLength(name) > 100) throw new Error(`the name "${name}" is too long for an archive`);
  const block = Buffer.alloc(BLOCK);
  const octal = (value: number, width: number): string => `${value.toString(8).padStart(width - 1, '0')}\0`;
  block.write(name, 0);
  block.write(octal(0o600, 8), 100);
  block.write(octal(0, 8), 108);
  block.write(octal(0, 8), 116);
  block.write(octal(size, 12), 124);
  block.write(octal(mtimeSeconds, 12), 136);
  block.write('        ', 148);
  block.write('0', 156);
  block.write('ustar\x0000', 257);
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
  return block;
}
