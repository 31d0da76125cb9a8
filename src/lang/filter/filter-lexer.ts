import { AppError } from '../../core/index.js';
import { readGoEscape } from '../go-escape.js';

/** `path` is a word's parts (`Meta["a.b"].c` -> Meta, a.b, c). A word can be a selector, a value or a keyword. */
export type Token =
  | { readonly kind: 'word'; readonly start: number; readonly path: readonly string[] }
  | { readonly kind: 'number' | 'text'; readonly start: number; readonly value: string }
  | { readonly kind: '(' | ')' | '==' | '!=' | 'end'; readonly start: number };

const WORD = /[a-zA-Z][a-zA-Z0-9_]*/y;
const NUMBER = /-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?/y;
const SPACE = /[ \t\r\n]*/y;

/** Cuts a filter expression into tokens. Errors start with the position as `line:column (offset)`. */
export class FilterLexer {
  private at = 0;

  constructor(private readonly text: string) {}

  next(): Token {
    this.take(SPACE);
    const start = this.at;
    const character = this.text.charAt(start);
    if (character === '') return { kind: 'end', start };
    if (character === '(' || character === ')') {
      this.at++;
      return { kind: character, start };
    }
    const operator = this.text.slice(start, start + 2);
    if (operator === '==' || operator === '!=') {
      this.at += 2;
      return { kind: operator, start };
    }
    if (character === '"' || character === '`') return { kind: 'text', start, value: this.quoted() };
    if (/[0-9]/.test(character) || this.startsNegative(start)) return { kind: 'number', start, value: this.number() };
    if (/[a-zA-Z]/.test(character)) return { kind: 'word', start, path: this.path() };
    throw this.unexpected(start);
  }

  problem(offset: number, problem: string): AppError {
    const before = this.text.slice(0, offset);
    const line = before.split('\n').length;
    const column = offset - (before.lastIndexOf('\n') + 1) + 1;
    return new AppError('invalidArgument', `${line}:${column} (${offset}): ${problem}`);
  }

  private path(): string[] {
    const path = [this.take(WORD)];
    for (;;) {
      if (this.text[this.at] === '.') {
        this.at++;
        const part = this.take(WORD);
        if (part === '') {
          throw this.problem(this.at, 'no match found, expected a letter after "."; write other names as ["name"]');
        }
        path.push(part);
      } else if (this.text[this.at] === '[') path.push(this.index());
      else return path;
    }
  }

  private index(): string {
    this.at++;
    this.take(SPACE);
    const quote = this.text[this.at];
    if (quote !== '"' && quote !== '`') {
      throw this.problem(this.at, 'rule "index": Invalid index, write it in double quotes');
    }
    const part = this.quoted();
    this.take(SPACE);
    if (this.text[this.at] !== ']') throw this.problem(this.at, 'rule "index": Unclosed index expression');
    this.at++;
    return part;
  }

  /** A `-` inside a bare word (`web-1`) is not the sign of a number. */
  private startsNegative(start: number): boolean {
    return /^-[0-9]/.test(this.text.slice(start, start + 2)) && !/[\w\])"`]/.test(this.text.charAt(start - 1));
  }

  private number(): string {
    const number = this.take(NUMBER);
    const next = this.text.charAt(this.at);
    if (!/^[ \t\r\n)]?$/.test(next)) {
      throw this.problem(this.at, 'rule "number": Invalid number literal, write other values in double quotes');
    }
    return number;
  }

  private quoted(): string {
    const start = this.at;
    if (this.text[start] === '`') {
      const end = this.text.indexOf('`', start + 1);
      if (end < 0) throw this.unterminated();
      this.at = end + 1;
      return this.text.slice(start + 1, end).replaceAll('\r', '');
    }
    let value = '';
    for (let at = start + 1; at < this.text.length; ) {
      const character = this.text.charAt(at);
      if (character === '"') {
        this.at = at + 1;
        return value;
      }
      const read = character === '\\' ? readGoEscape(this.text, at) : { value: character, end: at + 1 };
      if (character === '\n' || read === undefined) {
        throw this.problem(start, 'rule "string": invalid syntax, write \\n for a line end and \\\\ for a backslash');
      }
      value += read.value;
      at = read.end;
    }
    throw this.unterminated();
  }

  private unterminated(): AppError {
    return this.problem(this.text.length, 'rule "string": Unterminated string literal');
  }

  private unexpected(start: number): AppError {
    const character = String.fromCodePoint(this.text.codePointAt(start) ?? 0);
    const hint =
      character === '=' || character === '!' ? 'compare with "==" or "!="' : 'write such values in double quotes';
    return this.problem(start, `no match found, unexpected ${JSON.stringify(character)}; ${hint}`);
  }

  private take(pattern: RegExp): string {
    pattern.lastIndex = this.at;
    const found = pattern.exec(this.text)?.[0] ?? '';
    this.at += found.length;
    return found;
  }
}
