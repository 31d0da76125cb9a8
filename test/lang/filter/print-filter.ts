import type { FilterNode, MatchNode, MatchOperator } from '../../../src/lang/filter/index.js';

/** Prints an expression that parses back to the same tree. `style` picks among equal spellings. */
export function printFilter(node: FilterNode, style = 0): string {
  if (node.kind === 'match') return printMatch(node, style);
  if (node.kind === 'not') {
    const operand = printFilter(node.operand, style);
    return node.operand.kind === 'match' || node.operand.kind === 'not' ? `not ${operand}` : `not (${operand})`;
  }
  const space = ['\t', ' ', '\n'][style % 3] ?? ' ';
  return node.operands
    .map((operand) => {
      const text = printFilter(operand, style);
      const bare = operand.kind === 'match' || operand.kind === 'not' || (node.kind === 'or' && operand.kind === 'and');
      return bare ? text : `( ${text})`;
    })
    .join(`${space}${node.kind} `);
}

const spellings: Readonly<Record<MatchOperator, string>> = {
  equal: '==',
  notEqual: '!=',
  in: 'contains',
  notIn: 'not contains',
  isEmpty: 'is empty',
  isNotEmpty: 'is not  empty',
  matches: 'matches',
  notMatches: 'not matches',
};

function printMatch(node: MatchNode, style: number): string {
  const selector = printSelector(node.selector, style);
  if (node.operator === 'isEmpty' || node.operator === 'isNotEmpty') return `${selector} ${spellings[node.operator]}`;
  const value = printValue(node.value ?? '', style);
  if (style % 2 === 1 && (node.operator === 'in' || node.operator === 'notIn')) {
    return `${value} ${node.operator === 'in' ? 'in' : 'not in'} ${selector}`;
  }
  return `${selector} ${spellings[node.operator]} ${value}`;
}

function printSelector(selector: readonly string[], style: number): string {
  const [first = '', ...rest] = selector;
  if (!isWord(first) || first === 'not' || style % 5 === 4) {
    return JSON.stringify(selector.map((part) => `/${part.replaceAll('~', '~0').replaceAll('/', '~1')}`).join(''));
  }
  return first + rest.map((part) => (isWord(part) && style % 2 === 0 ? `.${part}` : `[${quote(part)}]`)).join('');
}

function printValue(value: string, style: number): string {
  if (style % 3 === 0 && ((isWord(value) && value !== 'not') || /^-?(0|[1-9]\d*)(\.\d+)?$/.test(value))) return value;
  return style % 3 === 1 && !/[`\r]/.test(value) ? `\`${value}\`` : quote(value);
}

function quote(text: string): string {
  return `"${text.replace(/["\\\n]/g, (character) => (character === '\n' ? '\\n' : `\\${character}`))}"`;
}

function isWord(text: string): boolean {
  return /^[a-zA-Z][a-zA-Z0-9_]*$/.test(text);
}
