import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type TemplateValues, parseTemplate, renderTemplate } from '../../../src/lang/template/index.js';

const values: TemplateValues = new Map<string, string | boolean>([
  ['Name', 'web'],
  ['Empty', ''],
  ['GRPC.TLS', true],
  ['GRPC.Off', false],
]);
const render = (source: string) => renderTemplate(parseTemplate(source), values, (_path, value) => String(value));

describe('a template', () => {
  it.each([
    ['a {{ .Name }} b', 'a web b'],
    ['{{.GRPC.TLS}}', 'true'],
    ['a \n {{- .Name -}} \n b', 'awebb'],
    ['{{ if .Name }}yes{{ else }}no{{ end }}', 'yes'],
    ['{{ if .Empty }}yes{{ else }}no{{ end }}', 'no'],
    ['{{ if .GRPC.Off }}yes{{ end }}', ''],
    ['{{ if .Empty }}1{{ else if .Name }}2{{ else }}3{{ end }}', '2'],
    ['{{ if .Empty }}1{{ else if .GRPC.Off }}2{{ else }}3{{ end }}.', '3.'],
    ['{{ if .Name }}{{ if .Empty }}1{{ else }}2{{ end }}{{ end }}', '2'],
    ['{{ if eq .Name "web" }}1{{ end }}{{ if ne .Name `web` }}2{{ end }}', '1'],
    ['{{ if eq .Name "x" "web" }}1{{ end }}', '1'],
    ['{{ if and .Name (or .Empty .GRPC.TLS) (not .GRPC.Off) }}1{{ end }}', '1'],
    ['{{ or .Empty "other" }}', 'other'],
    ['{{/* nothing */}}{{- /* and nothing */ -}} x', 'x'],
    ['{{ "a\\"b\\n" }}', 'a"b\n'],
    ['no actions, } and { alone', 'no actions, } and { alone'],
  ])('%s gives %j', (source, text) => {
    expect(render(source)).toBe(text);
  });

  it.each([
    ['{{ .Nope }}', /\{\{ \.Nope \}\} has no value; these have: \.Name, \.Empty/],
    ['{{ range .Name }}x{{ end }}', /\{\{ range \.Name \}\} is not understood/],
    ['{{ printf "x" }}', /is not understood/],
    ['{{ eq .Name }}', /is not understood/],
    ['{{ (.Name }}', /is not understood/],
    ['{{ "x }}', /is not understood/],
    ['{{ }}', /is not understood/],
    ['{{ if .Name }}x', /an \{\{ if \}\} has no \{\{ end \}\}/],
    ['{{ end }}', /\{\{ end \}\} has no \{\{ if \}\} before it/],
    ['{{ if .Name }}{{ else }}{{ else }}{{ end }}', /\{\{ else \}\} has no/],
    ['{{ .Name', /does not end with \}\}/],
    ['{{ if .Name }}'.repeat(30), /nested more than 20 levels/],
    [`{{ ${'('.repeat(30)} }}`, /is not understood/],
  ])('%s is refused', (source, message) => {
    expect(() => render(source)).toThrow(message);
  });

  it('gives text or says what is wrong, whatever it holds', () => {
    const piece = fc.constantFrom(
      '{{',
      '}}',
      '-',
      ' ',
      'if',
      'else',
      'end',
      '.Name',
      '"',
      '(',
      ')',
      'eq',
      'x',
      '/*',
      '*/',
    );
    fc.assert(
      fc.property(fc.array(piece), (pieces) => {
        try {
          expect(typeof render(pieces.join(''))).toBe('string');
        } catch (thrown) {
          expect(thrown).toMatchObject({ name: 'AppError', code: 'invalidArgument' });
        }
      }),
      { numRuns: 1000 },
    );
  });
});
