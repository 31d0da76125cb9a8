import { markBlockList, unmarkBlockList, isBlockList } from './blocks.js';
import { HclLexer, type Token } from './hcl-lexer.js';
import { type KeyOffsets, noteKey } from './key-offsets.js';
import { type Fail, shown } from './syntax-error.js';
import { type HclObject, type HclValue, MAX_DEPTH, setKey } from './value.js';

/** Recursive descent over the tokens of HCL1; the depth is limited, so the stack is too. */
export class HclParser {
  private readonly lexer: HclLexer;
  private token: Token;

  constructor(
    text: string,
    private readonly fail: Fail,
    /** Filled with the places of keys, for those who want to show them. */
    private readonly offsets?: KeyOffsets,
  ) {
    this.lexer = new HclLexer(text, fail);
    this.token = this.lexer.next();
  }

  file(): HclObject {
    const items = this.items(1);
    if (this.token.kind !== 'end') throw this.unexpected('expected a name');
    return items;
  }

  /** The items of an object up to `}` or the end. One comma may follow each. */
  private items(depth: number): HclObject {
    const result: HclObject = {};
    while (this.token.kind === 'identifier' || this.token.kind === 'string') {
      this.item(result, depth);
      if (this.is(',')) this.advance();
    }
    return result;
  }

  private item(target: HclObject, depth: number): void {
    const first = this.token;
    const key = first.text;
    const labels = this.labels();
    if (this.is('=') && labels.length === 0) {
      this.advance();
      this.add(target, key, this.is('{') ? this.block(depth) : this.value(depth), first);
      return;
    }
    if (!this.is('{')) {
      if (labels.length > 0) throw this.unexpected('expected "{" after the labels');
      throw this.fail(this.token.start, `key '${short(key)}' expected start of object ('{') or assignment ('=')`);
    }
    if (depth + labels.length > MAX_DEPTH) throw this.tooDeep();
    const body = this.block(depth + labels.length);
    const nested = labels.reduceRight<HclObject[]>((inner, label) => {
      const wrapper: HclObject = {};
      setKey(wrapper, label, inner);
      return markBlockList([wrapper]);
    }, body);
    this.add(target, key, nested, first);
  }

  private labels(): string[] {
    const labels: string[] = [];
    for (;;) {
      this.advance();
      if (this.token.kind !== 'identifier' && this.token.kind !== 'string') return labels;
      labels.push(this.token.text);
    }
  }

  /** `{ … }` as a block list of one. */
  private block(depth: number): HclObject[] {
    if (depth >= MAX_DEPTH) throw this.tooDeep();
    const open = this.token.start;
    this.advance();
    const object = this.items(depth + 1);
    this.close('}', open, 'expected a name or "}"');
    return markBlockList([object]);
  }

  private value(depth: number): HclValue {
    const token = this.token;
    if (token.kind === '[') return this.list(depth);
    if (token.kind === 'end') throw this.unexpected('expected a value');
    if (token.kind === 'identifier') {
      throw this.fail(token.start, `${shown(token.text)} is not a value; text must be in double quotes`);
    }
    if (token.kind !== 'string' && token.kind !== 'heredoc' && token.kind !== 'number' && token.kind !== 'boolean') {
      throw this.unexpected('expected a value');
    }
    this.advance();
    return token.value;
  }

  private list(depth: number): HclValue[] {
    if (depth >= MAX_DEPTH) throw this.tooDeep();
    const open = this.token.start;
    const items: HclValue[] = [];
    this.advance();
    for (;;) {
      while (this.is(',')) this.advance();
      if (this.is(']') || this.is('end')) break;
      if (this.is('{')) items.push(...this.block(depth + 1));
      else items.push(this.value(depth + 1));
      if (!this.is(',')) break;
    }
    this.close(']', open, 'expected "," or "]"');
    return items;
  }

  private close(kind: '}' | ']', open: number, expected: string): void {
    if (this.token.kind === 'end') {
      throw this.fail(open, `the "${kind === '}' ? '{' : '['}" here has no closing "${kind}"; add it`);
    }
    if (this.token.kind !== kind) throw this.unexpected(expected);
    this.advance();
  }

  /** HCL1: blocks and lists of one name add up, a scalar replaces a scalar, other mixtures are mistakes. */
  private add(target: HclObject, key: string, value: HclValue, at: Token): void {
    if (this.offsets) noteKey(this.offsets, target, key, at.start);
    const existing = Object.hasOwn(target, key) ? target[key] : undefined;
    if (existing === undefined) return setKey(target, key, value);
    if (Array.isArray(existing) !== Array.isArray(value)) {
      throw this.fail(at.start, `key '${short(key)}' is given as a single value and as a list or block; use one form`);
    }
    if (!Array.isArray(existing) || !Array.isArray(value)) return setKey(target, key, value);
    const sameForm = isBlockList(existing) && isBlockList(value);
    for (const item of value) existing.push(item);
    if (!sameForm) unmarkBlockList(existing);
  }

  private is(kind: Token['kind']): boolean {
    return this.token.kind === kind;
  }

  private advance(): void {
    this.token = this.lexer.next();
  }

  private unexpected(expected: string): Error {
    const found = this.token.kind === 'end' ? 'the end of the text' : shown(this.token.text);
    return this.fail(this.token.start, `${expected}, not ${found}`);
  }

  private tooDeep(): Error {
    return this.fail(this.token.start, `the text is nested deeper than ${MAX_DEPTH} levels; flatten it`);
  }
}

function short(key: string): string {
  return key.length > 40 ? `${key.slice(0, 40)}…` : key;
}
