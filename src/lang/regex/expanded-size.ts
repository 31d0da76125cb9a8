const REPEAT = /\{(\d+)(?:,(\d*))?\}/y;

/**
 * About how many steps a pattern has once its counted repeats are written out, so that `x{1000}x{1000}…` is refused
 * before anybody compiles it. An upper bound to within a small factor; it may count too much, never too little.
 */
export function expandedSize(pattern: string): number {
  const enclosing: number[] = [];
  let sum = 0;
  let last = 0;
  let position = 0;
  while (position < pattern.length) {
    const character = pattern[position];
    const repeat = character === '{' ? repeatAt(pattern, position) : undefined;
    if (repeat !== undefined) {
      sum += last * (repeat.count - 1);
      last *= repeat.count;
      position = repeat.end;
    } else if (character === '(') {
      enclosing.push(sum);
      sum = 1;
      last = 1;
      position++;
    } else if (character === ')') {
      last = sum;
      sum += enclosing.pop() ?? 0;
      position++;
    } else {
      last = 1;
      sum++;
      position = character === '[' ? classEnd(pattern, position) : position + (character === '\\' ? 2 : 1);
    }
  }
  return enclosing.reduce((total, part) => total + part, sum);
}

function repeatAt(pattern: string, position: number): { readonly count: number; readonly end: number } | undefined {
  REPEAT.lastIndex = position;
  const found = REPEAT.exec(pattern);
  if (found === null) return undefined;
  const count = Math.max(1, Number(found[1]), Number(found[2] ?? 0));
  return { count: found[2] === '' ? count + 1 : count, end: REPEAT.lastIndex };
}

/** The position after the bracketed class that starts at `start`. A `]` in first place is part of the class. */
function classEnd(pattern: string, start: number): number {
  let position = pattern[start + 1] === '^' ? start + 2 : start + 1;
  const first = position;
  while (position < pattern.length) {
    if (pattern[position] === ']' && position > first) return position + 1;
    const named = pattern.startsWith('[:', position) ? pattern.indexOf(':]', position + 2) : -1;
    if (named >= 0) position = named + 2;
    else position += pattern[position] === '\\' ? 2 : 1;
  }
  return position;
}
