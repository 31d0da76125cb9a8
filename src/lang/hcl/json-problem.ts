import { shown } from './syntax-error.js';

export interface JsonProblem {
  readonly offset: number;
  readonly problem: string;
  /** What stands before it is JSON: this follows the value. */
  readonly isTrailing?: boolean;
}

/**
 * Why and where JSON.parse refused a text: its own messages have no position in some cases. Only called for text whose
 * nesting was checked. `undefined` when nothing is found.
 */
export function findJsonProblem(text: string): JsonProblem | undefined {
  const finder = new Finder(text);
  try {
    finder.value();
    finder.end();
    return undefined;
  } catch (thrown) {
    if (thrown instanceof Found) return thrown.problem;
    throw thrown;
  }
}

class Found extends Error {
  constructor(readonly problem: JsonProblem) {
    super(problem.problem);
  }
}

const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][-+]?\d+)?/y;
const WORD = /[A-Za-z_][\w]*/y;

class Finder {
  private at = 0;

  constructor(private readonly text: string) {}

  value(): void {
    this.space();
    const next = this.text[this.at];
    if (next === '{') this.sequence('}', () => this.member());
    else if (next === '[') this.sequence(']', () => this.value());
    else if (next === '"') this.string();
    else if (!this.skip(NUMBER)) this.word();
    this.space();
  }

  end(): void {
    if (this.at >= this.text.length) return;
    const problem = `unexpected ${this.here()} after the end of the value`;
    throw new Found({ offset: this.at, problem, isTrailing: true });
  }

  private sequence(close: string, item: () => void): void {
    this.at++;
    this.space();
    if (this.take(close)) return;
    for (;;) {
      item();
      if (this.take(close)) return;
      const comma = this.at;
      if (!this.take(',')) this.stop(`expected "," or "${close}", not ${this.here()}`);
      this.space();
      if (this.text[this.at] === close) this.stop(`a comma before "${close}" is not allowed in JSON; remove it`, comma);
    }
  }

  private member(): void {
    if (this.text[this.at] !== '"') this.stop(`expected a name in double quotes, not ${this.here()}`);
    this.string();
    this.space();
    if (!this.take(':')) this.stop(`expected ":" after the name, not ${this.here()}`);
    this.value();
  }

  private string(): void {
    const start = this.at;
    for (this.at++; this.at < this.text.length; this.at++) {
      const code = this.text.charCodeAt(this.at);
      if (code === 0x22) {
        this.at++;
        return;
      }
      if (code < 0x20) this.stop('a control character in text must be written as an escape such as \\n');
      if (code === 0x5c) {
        const rest = this.text.slice(this.at + 1, this.at + 6);
        if (rest !== '' && !/^(?:["\\/bfnrt]|u[0-9a-fA-F]{4})/.test(rest)) this.stop('unknown escape in text');
        this.at++;
      }
    }
    this.stop('the text that starts here has no closing quote', start);
  }

  private word(): void {
    const start = this.at;
    const word = this.skip(WORD) ? this.text.slice(start, this.at) : '';
    if (word === 'true' || word === 'false' || word === 'null') return;
    this.stop(`expected a value, not ${word === '' ? this.here() : shown(word)}`, start);
  }

  private skip(pattern: RegExp): boolean {
    pattern.lastIndex = this.at;
    if (!pattern.test(this.text)) return false;
    this.at = pattern.lastIndex;
    return true;
  }

  private take(character: string): boolean {
    if (this.text[this.at] !== character) return false;
    this.at++;
    return true;
  }

  private space(): void {
    while (this.at < this.text.length && ' \t\r\n'.includes(this.text.charAt(this.at))) this.at++;
  }

  private here(): string {
    const code = this.text.codePointAt(this.at);
    return code === undefined ? 'the end of the text' : JSON.stringify(String.fromCodePoint(code));
  }

  private stop(problem: string, offset = this.at): never {
    throw new Found({ offset, problem });
  }
}
