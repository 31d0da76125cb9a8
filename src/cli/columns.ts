/** A table of plain columns, `gap` spaces apart. Nothing is padded behind the last one. */
export function columns(rows: readonly (readonly string[])[], gap = 2): string {
  const widths: number[] = [];
  for (const row of rows)
    for (const [at, cell] of row.entries()) widths[at] = Math.max(widths[at] ?? 0, displayWidth(cell));
  return rows.map((row) => `${line(row, widths, gap)}\n`).join('');
}

function line(row: readonly string[], widths: readonly number[], gap: number): string {
  return row
    .map((cell, at) => (at === row.length - 1 ? cell : cell + ' '.repeat((widths[at] ?? 0) - displayWidth(cell))))
    .join(' '.repeat(gap));
}

const displayWidth = (text: string): number => Array.from(text).length;
