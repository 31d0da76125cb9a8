import { AppError } from '../../core/index.js';
import type { TemplateExpression, TemplateNode, TemplateValues } from './template-node.js';

/**
 * The text of a template. `print` says how the value of a field stands in it. Throws AppError('invalidArgument') for a field that
 * has no value, naming those that have.
 */
export function renderTemplate(
  nodes: readonly TemplateNode[],
  values: TemplateValues,
  print: (path: string, value: string | boolean) => string,
): string {
  return nodes
    .map((node) => {
      if (node.type === 'text') return node.text;
      if (node.type === 'if')
        return renderTemplate(isTrue(valueOf(node.condition, values)) ? node.whenTrue : node.otherwise, values, print);
      const value = valueOf(node.expression, values);
      return print(node.expression.type === 'field' ? node.expression.path : '', value);
    })
    .join('');
}

const isTrue = (value: string | boolean): boolean => value !== '' && value !== false;

function valueOf(expression: TemplateExpression, values: TemplateValues): string | boolean {
  if (expression.type === 'literal') return expression.value;
  if (expression.type === 'field') return fieldOf(expression.path, values);
  const args = expression.args.map((arg) => valueOf(arg, values));
  const [first = '', ...rest] = args;
  switch (expression.name) {
    case 'eq':
      return rest.includes(first);
    case 'ne':
      return first !== rest[0];
    case 'not':
      return !isTrue(first);
    case 'and':
      return args.find((value) => !isTrue(value)) ?? args.at(-1) ?? '';
    case 'or':
      return args.find(isTrue) ?? args.at(-1) ?? '';
  }
}

function fieldOf(path: string, values: TemplateValues): string | boolean {
  const value = values.get(path);
  if (value !== undefined) return value;
  const known = [...values.keys()].map((name) => `.${name}`).join(', ');
  throw new AppError('invalidArgument', `{{ .${path} }} has no value; these have: ${known}`);
}
