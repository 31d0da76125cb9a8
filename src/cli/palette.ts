import picocolors from 'picocolors';

/** Colours, or functions that leave text alone. */
export interface Palette {
  readonly bold: (text: string) => string;
  readonly dim: (text: string) => string;
  readonly green: (text: string) => string;
  readonly red: (text: string) => string;
}

/** Colours when they make sense, else functions that leave text alone. */
export function createPalette(isColoured: boolean): Palette {
  const { bold, dim, green, red } = picocolors.createColors(isColoured);
  return { bold, dim, green, red };
}
