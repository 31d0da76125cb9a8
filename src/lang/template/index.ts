/**
 * Templates: the part of Go's text templates that users write into bootstraps (`envoy_bootstrap_json_tpl`): fields, `if`, `else`,
 * `end`, comments, trimming, and the functions that compare. In: a text and values. Out: text, or where the template is wrong.
 * Must never: run code, or loop.
 */
export { parseTemplate } from './parse-template.js';
export { renderTemplate } from './render-template.js';
export type { TemplateExpression, TemplateNode, TemplateValues } from './template-node.js';
