import { type KeyOffsets, noteKey } from './key-offsets.js';
import { type HclObject, type HclValue, setKey } from './value.js';

const SPACE = /\s*/y;
const STRING = /"(?:[^"\\]|\\.)*"/y;
const OTHER = /[^\s,\]}]+/y;

/** Reads JSON that is known to be valid and notes where its keys stand. Scalars keep no value: nobody asks for them. */
export class JsonLocator {
  private at = 0;

  constructor(
    private readonly text: string,
    private readonly offsets: KeyOffsets,
  ) {}

  value(): HclValue {
    this.take(SPACE);
    const first = this.text[this.at];
    if (first === '{') return this.object();
    if (first === '[') return this.list();
    this.take(first === '"' ? STRING : OTHER);
    return null;
  }

  private object(): HclObject {
    const result: HclObject = {};
    this.items('}', () => {
      const start = this.at;
      const key = JSON.parse(this.take(STRING)) as string;
      noteKey(this.offsets, result, key, start);
      this.take(SPACE);
      this.at += 1;
      setKey(result, key, this.value());
    });
    return result;
  }

  private list(): HclValue[] {
    const result: HclValue[] = [];
    this.items(']', () => result.push(this.value()));
    return result;
  }

  /** What stands between brackets, item by item. */
  private items(close: string, item: () => void): void {
    do {
      this.at += 1;
      this.take(SPACE);
      if (this.text[this.at] === close) break;
      item();
      this.take(SPACE);
    } while (this.text[this.at] === ',');
    this.at += 1;
  }

  private take(pattern: RegExp): string {
    pattern.lastIndex = this.at;
    const found = pattern.exec(this.text)?.[0];
    if (found === undefined) throw new Error('the text is not JSON');
    this.at += found.length;
    return found;
  }
}
