/** What became of one kind of thing. */
export interface Taken {
  readonly what: string;
  written: number;
  unchanged: number;
  /** What could not be written, with the reason. */
  readonly refused: { readonly name: string; readonly reason: string }[];
}

/** What an import did, and what it left. */
export class ImportReport {
  readonly taken: Taken[] = [];
  /** What was not taken, a sentence each. */
  readonly left: string[] = [];

  of(what: string): Taken {
    const known = this.taken.find((each) => each.what === what);
    if (known) return known;
    const made: Taken = { what, written: 0, unchanged: 0, refused: [] };
    this.taken.push(made);
    return made;
  }

  get refused(): number {
    return this.taken.reduce((sum, { refused }) => sum + refused.length, 0);
  }

  /** The report as text. */
  print(isDryRun: boolean): string {
    const verb = isDryRun ? 'would be written' : 'written';
    const lines = this.taken.map(({ what, written, unchanged, refused }) => {
      const parts = [`${written} ${verb}`, `${unchanged} as they were`];
      if (refused.length > 0) parts.push(`${refused.length} refused`);
      return `${what}: ${parts.join(', ')}`;
    });
    for (const { what, refused } of this.taken)
      for (const { name, reason } of refused) lines.push(`Refused: ${what}, ${name}: ${reason}`);
    for (const sentence of this.left) lines.push(`Not taken: ${sentence}`);
    return `${lines.join('\n')}\n`;
  }
}
