const PRIME = 0x100000001b3n;
const OFFSET = 0xcbf29ce484222325n;
const MASK = (1n << 64n) - 1n;

/**
 * The hash of structures that Consul shows (customization hash of a chain, content hash of a service): 64 bit FNV-1 over the
 * parts, combined so that the order of a structure's fields and of a map's keys does not matter. Build values from the inside out.
 */
export const structureHash = {
  /** Text. */
  text: (value: string): bigint => fnv(Buffer.from(value)),
  /** A signed 64 bit number. */
  integer: (value: bigint | number): bigint => fnv(bytes(BigInt.asUintN(64, BigInt(value)), 8)),
  /** A number with a fraction, or one whose type nobody gave: 64 bit IEEE. */
  decimal: (value: number): bigint => {
    const data = Buffer.alloc(8);
    data.writeDoubleLE(value);
    return fnv(data);
  },
  /** True or false: one byte. */
  flag: (value: boolean): bigint => fnv(bytes(value ? 1n : 0n, 1)),
  /** A structure: the name of its type ('' for none) and its fields by name. */
  struct: (typeName: string, fields: Readonly<Record<string, bigint>>): bigint =>
    Object.entries(fields).reduce(
      (hash, [name, value]) => hash ^ pair(fnv(Buffer.from(name)), value),
      fnv(Buffer.from(typeName)),
    ),
  /** A list; the order counts. */
  list: (items: readonly bigint[]): bigint => items.reduce((hash, item) => pair(hash, item), 0n),
  /** A map with text keys; the order does not count. */
  map: (entries: Readonly<Record<string, bigint>>): bigint =>
    Object.entries(entries).reduce((hash, [key, value]) => hash ^ pair(fnv(Buffer.from(key)), value), 0n),
} as const;

function fnv(data: Uint8Array): bigint {
  let hash = OFFSET;
  for (const byte of data) hash = ((hash * PRIME) & MASK) ^ BigInt(byte);
  return hash;
}

function pair(left: bigint, right: bigint): bigint {
  return fnv(Buffer.concat([bytes(left, 8), bytes(right, 8)]));
}

/** Little endian. */
function bytes(value: bigint, length: number): Buffer {
  const result = Buffer.alloc(length);
  for (let position = 0; position < length; position++)
    result[position] = Number((value >> BigInt(8 * position)) & 0xffn);
  return result;
}
