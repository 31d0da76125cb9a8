/** What stands behind the fields of a template, by its path without the leading dot: `GRPC.AgentPort`. */
export type TemplateValues = ReadonlyMap<string, string | boolean>;

export type TemplateExpression =
  | { readonly type: 'literal'; readonly value: string | boolean }
  | { readonly type: 'field'; readonly path: string }
  | { readonly type: 'call'; readonly name: TemplateFunction; readonly args: readonly TemplateExpression[] };

export type TemplateFunction = 'eq' | 'ne' | 'and' | 'or' | 'not';

export type TemplateNode =
  | { readonly type: 'text'; readonly text: string }
  | { readonly type: 'print'; readonly expression: TemplateExpression }
  | {
      readonly type: 'if';
      readonly condition: TemplateExpression;
      readonly whenTrue: readonly TemplateNode[];
      readonly otherwise: readonly TemplateNode[];
    };
