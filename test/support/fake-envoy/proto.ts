/** Just enough protobuf for a test client: written apart from the server's own code, so that each is a witness of the other. */

export interface Field {
  readonly number: number;
  /** Length-delimited fields only. */
  readonly bytes: Buffer;
  readonly varint: number;
}

/** Walks the fields of a message; fixed-width ones are skipped. */
export function* fields(message: Buffer): Generator<Field> {
  let position = 0;
  const varint = (): number => {
    let value = 0;
    let factor = 1;
    for (;;) {
      const byte = message[position++];
      if (byte === undefined) throw new Error('message ends within a number');
      value += (byte & 0x7f) * factor;
      if (byte < 0x80) return value;
      factor *= 128;
    }
  };
  while (position < message.length) {
    const tag = varint();
    const wireType = tag & 7;
    const number = Math.floor(tag / 8);
    if (wireType === 0) yield { number, bytes: EMPTY, varint: varint() };
    else if (wireType === 2) {
      const length = varint();
      if (position + length > message.length) throw new Error('message ends within a field');
      yield { number, bytes: message.subarray(position, position + length), varint: 0 };
      position += length;
    } else if (wireType === 1) position += 8;
    else if (wireType === 5) position += 4;
    else throw new Error(`wire type ${wireType}`);
  }
}

const EMPTY = Buffer.alloc(0);

export function number(value: number): Buffer {
  const bytes: number[] = [];
  let rest = value;
  while (rest >= 128) {
    bytes.push((rest % 128) | 0x80);
    rest = Math.floor(rest / 128);
  }
  bytes.push(rest);
  return Buffer.from(bytes);
}

/** A length-delimited field. */
export function field(fieldNumber: number, content: string | Buffer): Buffer {
  const bytes = typeof content === 'string' ? Buffer.from(content) : content;
  return Buffer.concat([number(fieldNumber * 8 + 2), number(bytes.length), bytes]);
}

/** A varint field. */
export function varintField(fieldNumber: number, value: number): Buffer {
  return Buffer.concat([number(fieldNumber * 8), number(value)]);
}

/** A `google.protobuf.Any`. */
export function any(typeName: string, value: Buffer): Buffer {
  return Buffer.concat([field(1, `type.googleapis.com/${typeName}`), field(2, value)]);
}

/** Contents of the fields with a number. */
export function contents(message: Buffer, fieldNumber: number): Buffer[] {
  const found: Buffer[] = [];
  for (const one of fields(message)) if (one.number === fieldNumber) found.push(one.bytes);
  return found;
}

export function text(message: Buffer, fieldNumber: number): string {
  return contents(message, fieldNumber).at(-1)?.toString() ?? '';
}
