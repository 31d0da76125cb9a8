/** Length-delimited protobuf fields, put together by hand: a response is parts that exist already, and a few short texts. */

const TEXT_TAG = 2;

export function varintLength(value: number): number {
  let length = 1;
  for (let rest = value; rest >= 128; rest = Math.floor(rest / 128)) length++;
  return length;
}

/** Writes at `position` and returns the position behind. */
export function writeVarint(target: Buffer, position: number, value: number): number {
  let rest = value;
  let at = position;
  while (rest >= 128) {
    target[at++] = (rest % 128) | 0x80;
    rest = Math.floor(rest / 128);
  }
  target[at++] = rest;
  return at;
}

/** Size of a length-delimited field with a number below 16. */
export function fieldLength(contentLength: number): number {
  return 1 + varintLength(contentLength) + contentLength;
}

/** Writes tag and length of a field with a number below 16; the content follows. */
export function writeFieldHead(target: Buffer, position: number, fieldNumber: number, contentLength: number): number {
  target[position] = fieldNumber * 8 + TEXT_TAG;
  return writeVarint(target, position + 1, contentLength);
}

export function writeTextField(target: Buffer, position: number, fieldNumber: number, text: string): number {
  const length = Buffer.byteLength(text);
  const start = writeFieldHead(target, position, fieldNumber, length);
  return start + target.write(text, start);
}

export function writeBytesField(target: Buffer, position: number, fieldNumber: number, bytes: Buffer): number {
  const start = writeFieldHead(target, position, fieldNumber, bytes.length);
  return start + bytes.copy(target, start);
}
