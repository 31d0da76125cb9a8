const PLAIN_TEXT = /^[ !#-[\]-\ud7ff]*$/;

/** JSON text with object keys sorted at every level, so that equal data gives equal text. `undefined` fields are left out. */
export function canonicalJson(value: unknown): string {
  return textOf(value) as string;
}

/** As JSON.stringify would write it; undefined for what has no JSON form. */
function textOf(value: unknown): string | undefined {
  if (typeof value === 'string') return PLAIN_TEXT.test(value) ? `"${value}"` : JSON.stringify(value);
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map((item) => textOf(item) ?? 'null').join(',')}]`;
  if (hasOwnForm(value)) return textOf(value.toJSON());
  const object = value as Readonly<Record<string, unknown>>;
  let text = '';
  for (const key of Object.keys(object).sort()) {
    const item = textOf(object[key]);
    if (item !== undefined) text += `${text === '' ? '' : ','}${textOf(key)}:${item}`;
  }
  return `{${text}}`;
}

function hasOwnForm(value: object): value is { toJSON(): unknown } {
  return 'toJSON' in value && typeof value.toJSON === 'function';
}
