export const MAX_LABEL_BYTES = 63;
/** With length bytes and the root. */
export const MAX_NAME_BYTES = 255;

const NEEDS_ESCAPE = /[^!-~]|[.\\]/;
const EACH_ESCAPED = /[^!-~]|[.\\]/g;

/** A label's bytes (one per character) in presentation form: `.` and `\` behind a `\`, what is not printable as `\DDD`. */
export function escapeLabel(bytes: string): string {
  if (!NEEDS_ESCAPE.test(bytes)) return bytes;
  return bytes.replace(EACH_ESCAPED, (one) =>
    one === '.' || one === '\\' ? `\\${one}` : `\\${String(one.charCodeAt(0)).padStart(3, '0')}`,
  );
}

/** The bytes of a label (one per character) from its presentation form. */
export function unescapeLabel(label: string): string {
  if (!label.includes('\\')) return label;
  return label.replace(/\\(\d{3}|[\s\S])/g, (_all, what: string) =>
    what.length === 3 ? String.fromCharCode(Number(what) & 0xff) : what,
  );
}

/** The position of the dot that ends the label at `from`; the end of the name when there is none. */
export function labelEnd(name: string, from: number): number {
  for (let at = from; at < name.length; at++) {
    const code = name.charCodeAt(at);
    if (code === 0x2e) return at;
    if (code === 0x5c) at++;
  }
  return name.length;
}

/** The labels of a name as texts a person wrote: unescaped, read as UTF-8. The root has none. */
export function labelTexts(name: string): readonly string[] {
  const labels: string[] = [];
  for (let at = 0; at < name.length; ) {
    const end = labelEnd(name, at);
    if (end > at) labels.push(textOf(name.slice(at, end)));
    at = end + 1;
  }
  return labels;
}

const textOf = (label: string): string =>
  label.includes('\\') ? Buffer.from(unescapeLabel(label), 'latin1').toString('utf8') : label;

/** A label from a text a person wrote, in presentation form. */
export const labelFromText = (text: string): string => escapeLabel(Buffer.from(text, 'utf8').toString('latin1'));

/** A name from a text with dots between labels, with a dot at its end; undefined when no such name can be sent. */
export function nameFromText(text: string): string | undefined {
  const name = `${text.replace(/\.$/, '').split('.').map(labelFromText).join('.')}.`;
  return isSendable(name) ? name : undefined;
}

/** Whether a name in presentation form keeps to the limits of labels and names (RFC 1035, 2.3.4). */
export function isSendable(name: string): boolean {
  if (name === '.') return true;
  if (!name.endsWith('.')) return false;
  let bytes = 1;
  for (let at = 0; at < name.length; ) {
    const end = labelEnd(name, at);
    const length = unescapeLabel(name.slice(at, end)).length;
    if (length === 0 || length > MAX_LABEL_BYTES) return false;
    bytes += length + 1;
    at = end + 1;
  }
  return bytes <= MAX_NAME_BYTES;
}
