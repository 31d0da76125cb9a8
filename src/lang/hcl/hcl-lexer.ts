import { readHeredoc } from './heredoc.js';
import { readNumber } from './number.js';
import { readString } from './string.js';
import { type Fail, shown } from './syntax-error.js';

export type Punctuation = '{' | '}' | '[' | ']' | ',' | '=';

/** `text` is the name of an identifier, the content of a string, else what was written. */
export type Token =
  | { readonly kind: 'end' | 'identifier' | Punctuation; readonly start: number; readonly text: string }
  | { readonly kind: 'string' | 'heredoc'; readonly start: number; readonly text: string; readonly value: string }
  | { readonly kind: 'number'; readonly start: number; readonly text: string; readonly value: number }
  | { readonly kind: 'boolean'; readonly start: number; readonly text: string; readonly value: boolean };

/** What one of the readers beside this file found: a value and the offset behind it. */
export interface Read<Value> {
  readonly value: Value;
  readonly end: number;
}

/** Cuts HCL1 text into tokens, one per call, in linear time. */
export class HclLexer {
  private at = 0;

  constructor(
    private readonly text: string,
    private readonly fail: Fail,
  ) {}

  next(): Token {
    this.skipSpaceAndComments();
    const start = this.at;
    const character = this.text.charAt(start);
    if (character === '') return { kind: 'end', start, text: '' };
    if (isPunctuation(character)) {
      this.at++;
      return { kind: character, start, text: character };
    }
    if (character === '"') {
      const { value, end } = readString(this.text, start, this.fail);
      this.at = end;
      return { kind: 'string', start, text: value, value };
    }
    if (this.text.startsWith('<<', start)) {
      const { value, end } = readHeredoc(this.text, start, this.fail);
      this.at = end;
      return { kind: 'heredoc', start, text: '<<', value };
    }
    if (/[-.0-9]/.test(character)) {
      const { value, end } = readNumber(this.text, start, this.fail);
      this.at = end;
      return { kind: 'number', start, text: this.text.slice(start, end), value };
    }
    return this.word(start);
  }

  private word(start: number): Token {
    let end = start;
    for (let code = this.text.codePointAt(end); code !== undefined; code = this.text.codePointAt(end)) {
      if (!(end === start ? startsWord(code) : continuesWord(code))) break;
      end += code > 0xffff ? 2 : 1;
    }
    if (end === start) {
      const character = String.fromCodePoint(this.text.codePointAt(start) ?? 0);
      throw this.fail(start, `unexpected character ${shown(character)}${hint(character)}`);
    }
    this.at = end;
    const text = this.text.slice(start, end);
    if (text === 'true' || text === 'false') return { kind: 'boolean', start, text, value: text === 'true' };
    return { kind: 'identifier', start, text };
  }

  private skipSpaceAndComments(): void {
    for (;;) {
      const character = this.text.charAt(this.at);
      if (character === ' ' || character === '\n' || character === '\t' || character === '\r') this.at++;
      else if (character === '#' || this.text.startsWith('//', this.at)) this.skipTo('\n', this.text.length);
      else if (character === '/') this.skipBlockComment();
      else return;
    }
  }

  private skipBlockComment(): void {
    const start = this.at;
    if (this.text[start + 1] !== '*') {
      throw this.fail(start, 'unexpected "/"; a comment starts with "//", "#" or "/*"');
    }
    this.at += 2;
    this.skipTo('*/', -1);
    if (this.at < 0) throw this.fail(start, 'the comment that starts here has no closing "*/"');
  }

  private skipTo(mark: string, otherwise: number): void {
    const found = this.text.indexOf(mark, this.at);
    this.at = found < 0 ? otherwise : found + mark.length;
  }
}

function isPunctuation(character: string): character is Punctuation {
  return '{}[],='.includes(character);
}

function startsWord(code: number): boolean {
  if (code < 0x80) return (code >= 0x61 && code <= 0x7a) || (code >= 0x41 && code <= 0x5a) || code === 0x5f;
  return /\p{L}/u.test(String.fromCodePoint(code));
}

function continuesWord(code: number): boolean {
  if (code < 0x80) return startsWord(code) || (code >= 0x30 && code <= 0x39) || code === 0x2d || code === 0x2e;
  return /[\p{L}\p{Nd}]/u.test(String.fromCodePoint(code));
}

function hint(character: string): string {
  if (character === "'" || character === '`' || character === '\u201c') return '; text must be in double quotes';
  if (character === ':' || character === ';') return '; write name = value, one per line or with commas between';
  return '';
}
