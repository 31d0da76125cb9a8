/** What is wrong with an entry, as one text for the user; undefined = nothing. */
export type Problem = string | undefined;

/** The first problem among items. */
export function firstProblem<Item>(items: readonly Item[], check: (item: Item, position: number) => Problem): Problem {
  for (const [position, item] of items.entries()) {
    const problem = check(item, position);
    if (problem !== undefined) return problem;
  }
  return undefined;
}

/** All problems in the form in which Consul lists them; undefined when there are none. */
export function listedProblems(problems: readonly Problem[]): Problem {
  const found = problems.filter((problem) => problem !== undefined);
  if (found.length === 0) return undefined;
  const heading = found.length === 1 ? '1 error occurred:' : `${found.length} errors occurred:`;
  return `${heading}\n${found.map((problem) => `\t* ${problem}\n`).join('')}\n`;
}
