import { AppError } from '../../core/index.js';
import { parseExpression } from './parse-expression.js';
import type { TemplateExpression, TemplateNode } from './template-node.js';

const MAX_DEPTH = 20;

/** An `if` whose `end` has not come yet. */
interface Open {
  readonly condition: TemplateExpression;
  readonly whenTrue: TemplateNode[];
  /** Where nodes go since the `else`. */
  otherwise?: TemplateNode[];
  /** It stands in the `else` of the one before and ends with it. */
  readonly chained: boolean;
}

/** The nodes of a template. Throws AppError('invalidArgument') that quotes the action that is wrong. */
export function parseTemplate(source: string): readonly TemplateNode[] {
  const nodes: TemplateNode[] = [];
  const open: Open[] = [];
  const target = (): TemplateNode[] => {
    const last = open.at(-1);
    return last?.otherwise ?? last?.whenTrue ?? nodes;
  };
  for (const piece of pieces(source)) {
    if (piece.type === 'text') {
      if (piece.text !== '') target().push({ type: 'text', text: piece.text });
      continue;
    }
    const { action } = piece;
    const [, word = '', rest = ''] =
      /^(if|else if|else|end)\b\s*([\s\S]*)$/.exec(action.replace(/^else\s+if\b/, 'else if')) ?? [];
    if (word === 'if') open.push({ condition: parseExpression(rest), whenTrue: [], chained: false });
    else if (word === 'else' || word === 'else if') startElse(open, word === 'else if' ? rest : undefined, action);
    else if (word === 'end' && rest === '') close(open, target, action);
    else target().push({ type: 'print', expression: parseExpression(action) });
    if (open.length > MAX_DEPTH) throw wrong(action, `is nested more than ${MAX_DEPTH} levels deep`);
  }
  if (open.length > 0) throw new AppError('invalidArgument', 'an {{ if }} has no {{ end }}');
  return nodes;
}

function startElse(open: Open[], condition: string | undefined, action: string): void {
  const last = open.at(-1);
  if (last === undefined || last.otherwise !== undefined) throw wrong(action, 'has no {{ if }} before it');
  last.otherwise = [];
  if (condition !== undefined) open.push({ condition: parseExpression(condition), whenTrue: [], chained: true });
}

function close(open: Open[], target: () => TemplateNode[], action: string): void {
  for (;;) {
    const last = open.pop();
    if (last === undefined) throw wrong(action, 'has no {{ if }} before it');
    const { condition, whenTrue, otherwise = [] } = last;
    target().push({ type: 'if', condition, whenTrue, otherwise });
    if (!last.chained) return;
  }
}

type Piece = { readonly type: 'text'; readonly text: string } | { readonly type: 'action'; readonly action: string };

/** Text and actions in turn; `{{-` and `-}}` take the space beside them away, comments are nothing. */
function pieces(source: string): readonly Piece[] {
  const found: Piece[] = [];
  let position = 0;
  let trims = false;
  for (;;) {
    const start = source.indexOf('{{', position);
    const text = source.slice(position, start < 0 ? undefined : start);
    const trimmed = trims ? text.trimStart() : text;
    if (start < 0) return [...found, { type: 'text', text: trimmed }];
    const end = source.indexOf('}}', start);
    if (end < 0) throw new AppError('invalidArgument', 'an action that starts with {{ does not end with }}');
    const inside = source.slice(start + 2, end);
    const trimsLeft = /^-\s/.test(inside);
    trims = /\s-$/.test(inside);
    found.push({ type: 'text', text: trimsLeft ? trimmed.trimEnd() : trimmed });
    const action = inside.slice(trimsLeft ? 1 : 0, trims ? -1 : undefined).trim();
    if (!/^\/\*[\s\S]*\*\/$/.test(action)) found.push({ type: 'action', action });
    position = end + 2;
  }
}

const wrong = (action: string, problem: string): AppError =>
  new AppError('invalidArgument', `{{ ${action} }} ${problem}`);
