import type { HclObject, HclValue } from '../../../src/lang/hcl/index.js';

/** A value to print: what is an object here is a block list in the parsed value. */
export type Printable = string | number | boolean | Printable[] | { [key: string]: Printable };

/** One of several equal ways to write things; each call of `pick` decides once more. */
export type Pick = <Choice>(...choices: readonly Choice[]) => Choice;

/** What the parser must make of a printed value: every object that is the value of a name is a list of one. */
export function expectedValue(value: Printable): HclValue {
  if (Array.isArray(value)) return value.map((item) => (isObject(item) ? expectedObject(item) : expectedValue(item)));
  if (isObject(value)) return [expectedObject(value)];
  return value === 0 ? 0 : value;
}

export function expectedObject(value: { [key: string]: Printable }): HclObject {
  return Object.fromEntries(Object.entries(value).map(([key, entry]) => [key, expectedValue(entry)]));
}

/** Prints the items of an object as HCL1. */
export function printItems(value: { [key: string]: Printable }, pick: Pick): string {
  return Object.entries(value)
    .map(([key, entry]) => printItem(key, entry, pick))
    .join('');
}

function printItem(key: string, entry: Printable, pick: Pick): string {
  const name = printKey(key, pick);
  const end = pick('\n', ',', ' , ', '\n\n', ' # note\n', '// x }\n', ' /* { */ ');
  if (!isObject(entry)) return `${name}${pick('=', ' = ', '\n=\t')}${printValue(entry, pick)}${end}`;
  const [label, ...others] = Object.keys(entry);
  const inner = label === undefined ? undefined : entry[label];
  if (label !== undefined && others.length === 0 && isObject(inner) && pick(true, false)) {
    return `${name} ${printLabel(label, pick)} ${printObject(inner, pick)}${end}`;
  }
  return `${name}${pick(' ', ' = ', '=', '\n')}${printObject(entry, pick)}${end}`;
}

function printValue(value: Printable, pick: Pick): string {
  if (Array.isArray(value)) {
    const items = value.map((item) => printValue(item, pick));
    return `[${items.join(pick(',', ', ', '\n,\n'))}${items.length > 0 ? pick('', ',', '\n') : ''}]`;
  }
  if (isObject(value)) return printObject(value, pick);
  if (typeof value === 'string') return printText(value, pick);
  if (typeof value === 'boolean') return String(value);
  return Number.isSafeInteger(value)
    ? printInteger(value, pick)
    : value.toExponential().replace('e+', pick('e', 'e+', 'E'));
}

function printInteger(value: number, pick: Pick): string {
  const digits = Math.abs(value);
  const sign = value < 0 ? '-' : '';
  return (
    sign + pick(String(digits), `0x${digits.toString(16)}`, `0${digits.toString(8)}`, `${digits}.0`, `${digits}e0`)
  );
}

function printObject(value: { [key: string]: Printable }, pick: Pick): string {
  return `{${pick('', ' ', '\n', '// c\n')}${printItems(value, pick)}}`;
}

function printKey(key: string, pick: Pick): string {
  return /^[a-zA-Z_][\w.-]*$/.test(key) && !/^(?:true|false)$/.test(key) && pick(true, false) ? key : quote(key);
}

function printLabel(label: string, pick: Pick): string {
  return printKey(label, pick);
}

/** As a heredoc when it is whole lines. */
function printText(text: string, pick: Pick): string {
  const lines = text.split('\n');
  const whole = lines.pop() === '' && !lines.some((line) => line.trimStart() === 'EOT' || line.endsWith('\r'));
  if (!whole || pick(true, false)) return quote(text);
  if (pick(true, false)) return `<<EOT\n${lines.map((line) => `${line}\n`).join('')}EOT\n`;
  return `<<-EOT\n${lines.map((line) => `  ${line}\n`).join('')}  EOT\n`;
}

function quote(text: string): string {
  const escaped = text.replace(/["\\\n\r\0]/g, (character) => {
    if (character === '\n') return '\\n';
    if (character === '\r') return '\\r';
    return character === '\0' ? '\\x00' : `\\${character}`;
  });
  return `"${escaped.replaceAll('${', '\\x24{')}"`;
}

function isObject(value: Printable | undefined): value is { [key: string]: Printable } {
  return typeof value === 'object' && !Array.isArray(value);
}
