import { AppError } from '../../core/index.js';
import { MAX_TEXT_LENGTH } from './value.js';

/** Makes the error for a problem at an offset of the text. */
export type Fail = (offset: number, problem: string) => AppError;

/** Errors that name the file (when known), line and column; both count from 1, columns in characters. */
export function failAt(text: string, filename: string | undefined): Fail {
  const where = filename === undefined ? '' : `${filename}, `;
  return (offset, problem) => {
    const { line, column } = lineAndColumn(text, offset);
    return new AppError('invalidArgument', `${where}line ${line}, column ${column}: ${problem}`);
  };
}

/** The place of an offset; both count from 1, columns in characters. */
export function lineAndColumn(text: string, offset: number): { readonly line: number; readonly column: number } {
  const before = text.slice(0, offset);
  const lineStart = before.lastIndexOf('\n') + 1;
  return { line: before.split('\n').length, column: Array.from(before.slice(lineStart)).length + 1 };
}

/** Throws `tooLarge` for text over the limit. */
export function checkLength(text: string, filename: string | undefined): void {
  if (text.length <= MAX_TEXT_LENGTH) return;
  throw new AppError(
    'tooLarge',
    `${filename ?? 'the text'} has ${text.length} characters; at most ${MAX_TEXT_LENGTH} can be read, split it`,
  );
}

/** A piece of the text as shown in an error: quoted, cut short. */
export function shown(text: string): string {
  const characters = Array.from(text.slice(0, 80));
  return JSON.stringify(characters.length > 40 ? `${characters.slice(0, 40).join('')}…` : text);
}
