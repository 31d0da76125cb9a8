/** Parses JSON; whole numbers beyond 2^53 are read as bigint, so that 64-bit indexes, hashes and flags survive. Throws as JSON.parse. */
export function parseExactJson(text: string): unknown {
  const marker = '\u0000int:';
  const marked = text.replace(/"(?:[^"\\]|\\.)*"|(?<![\d.eE+-])-?\d{16,}(?![\d.eE])/g, (token) =>
    token.startsWith('"') ? token : `"\\u0000int:${token}"`,
  );
  return JSON.parse(marked, (_key, value: unknown) => {
    if (typeof value !== 'string' || !value.startsWith(marker)) return value;
    const exact = BigInt(value.slice(marker.length));
    const plain = Number(exact);
    return Number.isSafeInteger(plain) ? plain : exact;
  });
}

/** JSON text; bigints are printed as plain numbers. */
export function printExactJson(value: unknown, indent: string | number = ''): string {
  const held: string[] = [];
  const text = JSON.stringify(
    value,
    (_key, part: unknown) => {
      if (typeof part !== 'bigint') return part;
      held.push(String(part));
      return `\u0000big:${held.length - 1}`;
    },
    indent,
  );
  return held.length === 0
    ? text
    : text.replace(/"\\u0000big:(\d+)"/g, (_match, at: string) => held[Number(at)] ?? '0');
}
