import { stripVTControlCharacters } from 'node:util';

// oxlint-disable-next-line no-control-regex -- control characters are what is looked for
const UNPRINTABLE = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\ufffe\uffff]/g;
const CONTINUATION_BITS = 0xc0;
const CONTINUATION = 0x80;

/** What is kept of an output: printable text with its line breaks, at most `limitBytes` bytes of UTF-8. */
export function keptOutput(output: string, limitBytes: number): string {
  const clean = stripVTControlCharacters(output).replaceAll('\r\n', '\n').replace(UNPRINTABLE, '');
  const bytes = Buffer.from(clean, 'utf8');
  let end = Math.min(Math.max(limitBytes, 0), bytes.length);
  while (end > 0 && ((bytes[end] ?? 0) & CONTINUATION_BITS) === CONTINUATION) end--;
  return bytes.toString('utf8', 0, end);
}

/** Collects what a command prints and keeps the last part of it: errors stand at the end. */
export class OutputTail {
  readonly #limitBytes: number;
  #chunks: Buffer[] = [];
  #kept = 0;
  #total = 0;

  constructor(limitBytes: number) {
    this.#limitBytes = limitBytes;
  }

  push(chunk: Buffer): void {
    this.#chunks.push(chunk);
    this.#kept += chunk.length;
    this.#total += chunk.length;
    while (this.#kept - (this.#chunks[0]?.length ?? 0) >= this.#limitBytes && this.#chunks.length > 1)
      this.#kept -= this.#chunks.shift()?.length ?? 0;
  }

  /** The text; one that was cut begins with a line that says how much is shown. */
  text(): string {
    const all = Buffer.concat(this.#chunks);
    if (this.#total <= this.#limitBytes) return all.toString('utf8');
    const headline = `Captured ${this.#limitBytes} of ${this.#total} bytes\n...\n`;
    const room = Math.max(this.#limitBytes - headline.length, 0);
    return headline + wholeCharacters(all.subarray(all.length - room)).toString('utf8');
  }
}

function wholeCharacters(bytes: Buffer): Buffer {
  let start = 0;
  while (start < bytes.length && ((bytes[start] ?? 0) & CONTINUATION_BITS) === CONTINUATION) start++;
  return bytes.subarray(start);
}
