/**
 * A value as JSON text. Whole numbers beyond 2^53 are given as bigint and written in full. `indent` in spaces; 0 = one line.
 * The native writer is used unless there is a bigint, which it refuses.
 */
export function toJson(value: unknown, indent = 0): string {
  try {
    return JSON.stringify(value, undefined, indent) ?? 'null';
  } catch (thrown) {
    if (!(thrown instanceof TypeError)) throw thrown;
    return write(value, indent, '\n') ?? 'null';
  }
}

function write(value: unknown, indent: number, newline: string): string | undefined {
  if (typeof value === 'bigint') return value.toString();
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const inner = newline + ' '.repeat(indent);
  if (Array.isArray(value)) {
    if (value.length === 0) return '[]';
    return enclose(
      '[',
      ']',
      value.map((item) => write(item, indent, inner) ?? 'null'),
      indent,
      newline,
    );
  }
  const separator = indent > 0 ? ': ' : ':';
  const fields = Object.entries(value).flatMap(([key, item]) => {
    const text = write(item, indent, inner);
    return text === undefined ? [] : [`${JSON.stringify(key)}${separator}${text}`];
  });
  return fields.length === 0 ? '{}' : enclose('{', '}', fields, indent, newline);
}

function enclose(open: string, close: string, items: readonly string[], indent: number, newline: string): string {
  if (indent === 0) return open + items.join(',') + close;
  const inner = newline + ' '.repeat(indent);
  return `${open}${inner}${items.join(`,${inner}`)}${newline}${close}`;
}
