const FEW = 16;

/** Texts in the order of their code units, as `sort` has them. */
export const sortedTexts = (texts: Iterable<string>): string[] => sortTexts([...texts]);

/** Sorts a list where it stands and returns it. A few are most often in order already, and need no lists of the engine's besides. */
export function sortTexts(list: string[]): string[] {
  if (list.length > FEW) return list.sort();
  for (let next = 1; next < list.length; next++) {
    const text = list[next] as string;
    let at = next;
    for (; at > 0 && (list[at - 1] as string) > text; at--) list[at] = list[at - 1] as string;
    list[at] = text;
  }
  return list;
}
