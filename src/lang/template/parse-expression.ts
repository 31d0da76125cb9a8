import { AppError } from '../../core/index.js';
import { readGoEscape } from '../go-escape.js';
import type { TemplateExpression, TemplateFunction } from './template-node.js';

const FUNCTIONS: ReadonlyMap<string, { readonly least: number; readonly most: number }> = new Map([
  ['eq', { least: 2, most: 16 }],
  ['ne', { least: 2, most: 2 }],
  ['and', { least: 1, most: 16 }],
  ['or', { least: 1, most: 16 }],
  ['not', { least: 1, most: 1 }],
]);
const MAX_DEPTH = 20;
const TOKEN = /\s*(?:(\.[A-Za-z_][\w.]*)|([a-z]+)|(`[^`]*`)|(["()]))/y;

interface Cursor {
  readonly source: string;
  position: number;
}

/** The expression of an action. Throws AppError('invalidArgument') that quotes it. */
export function parseExpression(source: string): TemplateExpression {
  const cursor: Cursor = { source, position: 0 };
  const expression = sequence(cursor, 0);
  if (cursor.source.slice(cursor.position).trim() !== '') throw notUnderstood(source);
  return expression;
}

/** A function with its arguments, or one operand. */
function sequence(cursor: Cursor, depth: number): TemplateExpression {
  if (depth > MAX_DEPTH) throw notUnderstood(cursor.source);
  const name = /^\s*([a-z]+)\b/.exec(cursor.source.slice(cursor.position))?.[1] ?? '';
  const limits = FUNCTIONS.get(name);
  if (limits === undefined) return operand(cursor, depth);
  cursor.position = cursor.source.indexOf(name, cursor.position) + name.length;
  const args: TemplateExpression[] = [];
  while (!/^\s*(?:\)|$)/.test(cursor.source.slice(cursor.position))) args.push(operand(cursor, depth));
  if (args.length < limits.least || args.length > limits.most) throw notUnderstood(cursor.source);
  return { type: 'call', name: name as TemplateFunction, args };
}

function operand(cursor: Cursor, depth: number): TemplateExpression {
  const { source } = cursor;
  TOKEN.lastIndex = cursor.position;
  const found = TOKEN.exec(source);
  if (found === null) throw notUnderstood(source);
  const [, field, word, raw, mark] = found;
  cursor.position = TOKEN.lastIndex;
  if (field !== undefined) return { type: 'field', path: field.slice(1) };
  if (raw !== undefined) return { type: 'literal', value: raw.slice(1, -1) };
  if (word === 'true' || word === 'false') return { type: 'literal', value: word === 'true' };
  if (mark === '"') return { type: 'literal', value: quoted(cursor) };
  if (mark !== '(') throw notUnderstood(source);
  const inner = sequence(cursor, depth + 1);
  const close = /\s*\)/y;
  close.lastIndex = cursor.position;
  if (!close.test(source)) throw notUnderstood(source);
  cursor.position = close.lastIndex;
  return inner;
}

/** The rest of a text in double quotes, whose opening one is read. */
function quoted(cursor: Cursor): string {
  const { source } = cursor;
  let text = '';
  while (cursor.position < source.length) {
    const character = source.charAt(cursor.position);
    if (character === '"') {
      cursor.position++;
      return text;
    }
    const escaped = character === '\\' ? readGoEscape(source, cursor.position) : undefined;
    if (character === '\\' && escaped === undefined) throw notUnderstood(source);
    text += escaped?.value ?? character;
    cursor.position = escaped?.end ?? cursor.position + 1;
  }
  throw notUnderstood(source);
}

const notUnderstood = (source: string): AppError =>
  new AppError('invalidArgument', `{{ ${source.trim()} }} is not understood`);
