import { AppError } from '../../core/index.js';
import { FilterLexer, type Token } from './filter-lexer.js';
import type { FilterNode, MatchNode, MatchOperator } from './filter-node.js';

const MAX_LENGTH = 16_384;
const MAX_DEPTH = 100;

/**
 * Parses a filter expression: `or` binds weaker than `and`, that weaker than `not`. Throws `invalidArgument`; syntax
 * errors start with `line:column (offset)`. At most 16,384 characters and 100 nested parentheses and `not`s.
 */
export function parseFilter(expression: string): FilterNode {
  if (expression.length > MAX_LENGTH) {
    throw new AppError(
      'invalidArgument',
      `the expression has ${expression.length} characters, at most ${MAX_LENGTH} are allowed; shorten it`,
    );
  }
  return new FilterParser(expression).whole();
}

class FilterParser {
  private readonly lexer: FilterLexer;
  private token: Token;
  private following: Token;

  constructor(expression: string) {
    this.lexer = new FilterLexer(expression);
    this.token = this.lexer.next();
    this.following = this.token.kind === 'end' ? this.token : this.lexer.next();
  }

  whole(): FilterNode {
    const node = this.joined('or', 0);
    if (this.token.kind !== 'end') throw this.expected('"and", "or" or the end');
    return node;
  }

  /** Operands joined by `or`, each of them operands joined by `and`. */
  private joined(word: 'and' | 'or', depth: number): FilterNode {
    const operand = (): FilterNode => (word === 'or' ? this.joined('and', depth) : this.operand(depth));
    const first = operand();
    if (!this.isWord(word)) return first;
    const operands = [first];
    while (this.isWord(word)) {
      this.advance();
      operands.push(operand());
    }
    return { kind: word, operands };
  }

  private operand(depth: number): FilterNode {
    const start = this.token.start;
    const negated = this.isWord('not') && this.following.kind !== '==' && this.following.kind !== '!=';
    if (!negated && this.token.kind !== '(') return this.match();
    if (depth >= MAX_DEPTH) {
      throw this.lexer.problem(start, `the expression is nested deeper than ${MAX_DEPTH} levels; simplify it`);
    }
    this.advance();
    if (negated) return { kind: 'not', operand: this.operand(depth + 1) };
    const node = this.joined('or', depth + 1);
    if (this.token.kind === 'end') throw this.lexer.problem(start, 'rule "grouping": Unmatched parentheses');
    if (this.token.kind !== ')') throw this.expected('"and", "or" or ")"');
    this.advance();
    return node;
  }

  private match(): MatchNode {
    const left = this.token;
    if (left.kind !== 'word' && left.kind !== 'number' && left.kind !== 'text') {
      throw this.expected('a comparison such as ServiceName == web');
    }
    this.advance();
    if (this.token.kind === '==' || this.token.kind === '!=') {
      return this.withValue(left, this.token.kind === '==' ? 'equal' : 'notEqual');
    }
    if (this.isWord('is')) return this.emptiness(left);
    const negated = this.isWord('not');
    if (negated) this.advance();
    if (this.isWord('in')) {
      this.advance();
      const right = this.token;
      this.advance();
      return {
        kind: 'match',
        operator: negated ? 'notIn' : 'in',
        selector: this.selector(right),
        value: valueOf(left),
      };
    }
    if (this.isWord('contains')) return this.withValue(left, negated ? 'notIn' : 'in');
    if (this.isWord('matches')) return this.withValue(left, negated ? 'notMatches' : 'matches');
    throw this.expected(
      negated ? '"in", "contains" or "matches"' : 'one of "==", "!=", "in", "contains", "matches", "is" and "not"',
    );
  }

  private withValue(left: Token, operator: MatchOperator): MatchNode {
    const selector = this.selector(left);
    this.advance();
    const right = this.token;
    if (right.kind !== 'word' && right.kind !== 'number' && right.kind !== 'text') {
      throw this.expected('a value: a word, a number, or text in double quotes or backquotes');
    }
    this.advance();
    return { kind: 'match', operator, selector, value: valueOf(right) };
  }

  private emptiness(left: Token): MatchNode {
    const selector = this.selector(left);
    this.advance();
    const negated = this.isWord('not');
    if (negated) this.advance();
    if (!this.isWord('empty')) throw this.expected(negated ? '"empty"' : '"empty" or "not empty"');
    this.advance();
    return { kind: 'match', operator: negated ? 'isNotEmpty' : 'isEmpty', selector };
  }

  /** A word, or a JSON pointer in quotes. */
  private selector(token: Token): readonly string[] {
    if (token.kind === 'word') return token.path;
    if (token.kind === 'text' && token.value.startsWith('/')) {
      return token.value
        .slice(1)
        .split('/')
        .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'));
    }
    throw this.lexer.problem(token.start, 'rule "match": Invalid selector, write the name of a field without quotes');
  }

  private isWord(word: string): boolean {
    return this.token.kind === 'word' && this.token.path.length === 1 && this.token.path[0] === word;
  }

  private advance(): void {
    this.token = this.following;
    if (this.token.kind !== 'end') this.following = this.lexer.next();
  }

  private expected(what: string): AppError {
    return this.lexer.problem(this.token.start, `no match found, expected: ${what}`);
  }
}

function valueOf(token: Token): string {
  if (token.kind === 'word') return token.path.join('.');
  return token.kind === 'number' || token.kind === 'text' ? token.value : '';
}
