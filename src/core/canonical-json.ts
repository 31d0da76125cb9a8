import { sortTexts } from './sorted-texts.js';

const SPACE = 0x20;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const FIRST_SURROGATE = 0xd800;
const SHORT_TEXT = 64;
const PLAIN_TEXT = /^[ !#-[\]-\ud7ff]*$/;

/** Names of fields as they stand in JSON, with the colon: records have few different ones. */
const names = new Map<string, string>();
const MOST_NAMES = 1024;

/** JSON text with object keys sorted at every level, so that equal data gives equal text. `undefined` fields are left out. */
export function canonicalJson(value: unknown): string {
  return (isInOrder(value) ? JSON.stringify(value) : textOf(value)) as string;
}

/** Whether all keys are sorted as they stand: then the engine's own writer, which is several times as fast, does the same. */
function isInOrder(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return true;
  if (Array.isArray(value)) return value.every(isInOrder);
  if (hasOwnForm(value)) return false;
  let last = '';
  for (const key in value) {
    if (key < last || !isInOrder((value as Readonly<Record<string, unknown>>)[key])) return false;
    last = key;
  }
  return true;
}

/** As JSON.stringify would write it; undefined for what has no JSON form. */
function textOf(value: unknown): string | undefined {
  if (typeof value === 'string') return isPlain(value) ? `"${value}"` : JSON.stringify(value);
  if (typeof value === 'number') return Number.isFinite(value) ? `${value}` : 'null';
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  if (Array.isArray(value)) return listText(value);
  if (hasOwnForm(value)) return textOf(value.toJSON());
  const object = value as Readonly<Record<string, unknown>>;
  let text = '';
  for (const key of sortTexts(Object.keys(object))) {
    const item = textOf(object[key]);
    if (item !== undefined) text += (text === '' ? '' : ',') + nameText(key) + item;
  }
  return `{${text}}`;
}

function listText(list: readonly unknown[]): string {
  let text = '';
  for (let at = 0; at < list.length; at += 1) text += (at === 0 ? '' : ',') + (textOf(list[at]) ?? 'null');
  return `[${text}]`;
}

function nameText(name: string): string {
  let text = names.get(name);
  if (text === undefined) {
    text = `${textOf(name)}:`;
    if (names.size < MOST_NAMES) names.set(name, text);
  }
  return text;
}

/** Whether a text stands in JSON as it is, between quotes. */
function isPlain(text: string): boolean {
  if (text.length > SHORT_TEXT) return PLAIN_TEXT.test(text);
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code < SPACE || code === QUOTE || code === BACKSLASH || code >= FIRST_SURROGATE) return false;
  }
  return true;
}

function hasOwnForm(value: object): value is { toJSON(): unknown } {
  return typeof (value as { toJSON?: unknown }).toJSON === 'function';
}
