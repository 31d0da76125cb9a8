import { describe, expect, it } from 'vitest';
import { AppError, deepEqual } from '../../../src/core/index.js';
import { type HclObject, isBlockList, parseHcl } from '../../../src/lang/hcl/index.js';

/** What HCL version 1 makes of each text. */
const answers: readonly (readonly [string, HclObject])[] = [
  ['', {}],
  ['# only\n// comments /* here */\n/* and\nhere */', {}],
  ['a = 1', { a: 1 }],
  ['a = "x"\nb = true\nc = false', { a: 'x', b: true, c: false }],
  ['a=1 b=2,c=3', { a: 1, b: 2, c: 3 }],
  ['a\n=\n1', { a: 1 }],
  ['a /*x*/ = /*y*/ 1 /*z*/ # end', { a: 1 }],
  // Blocks, and objects that are assigned, are lists of objects.
  ['a { b = 1 }', { a: [{ b: 1 }] }],
  ['a = { b = 1 }', { a: [{ b: 1 }] }],
  ['a {}', { a: [{}] }],
  ['a { b = 1 }\na { b = 2 }', { a: [{ b: 1 }, { b: 2 }] }],
  ['a = [{b=1},{b=2}]', { a: [{ b: 1 }, { b: 2 }] }],
  ['a = [{x=1}]\na { y=1 }', { a: [{ x: 1 }, { y: 1 }] }],
  ['a { b { c = 1 } b { c = 2 } }', { a: [{ b: [{ c: 1 }, { c: 2 }] }] }],
  ['a = {b = {c = {d = 1}}}', { a: [{ b: [{ c: [{ d: 1 }] }] }] }],
  ['a { action = "allow" http { path_exact = "/x" } }', { a: [{ action: 'allow', http: [{ path_exact: '/x' }] }] }],
  // Labels.
  ['service "web" { policy = "write" }', { service: [{ web: [{ policy: 'write' }] }] }],
  ['service "web" { p = 1 } service "api" { p = 2 }', { service: [{ web: [{ p: 1 }] }, { api: [{ p: 2 }] }] }],
  ['service a "b" { c = 1 }', { service: [{ a: [{ b: [{ c: 1 }] }] }] }],
  ['service\n"x"\n{a=1}', { service: [{ x: [{ a: 1 }] }] }],
  ['key_prefix "" { policy = "read" }', { key_prefix: [{ '': [{ policy: 'read' }] }] }],
  // Names.
  ['"quoted name" = 1\n"" = 2', { 'quoted name': 1, '': 2 }],
  ['a.b-c_d1 = 1\n_x = 2\nä日 = 3', { 'a.b-c_d1': 1, _x: 2, ä日: 3 }],
  ['x = {"a b" = 1, "c" {d=1}}', { x: [{ 'a b': 1, c: [{ d: 1 }] }] }],
  // Commas.
  ['a { b = 1, c = 2, }', { a: [{ b: 1, c: 2 }] }],
  ['a{},b{}\n', { a: [{}], b: [{}] }],
  ['a{b=1\n,c=2}', { a: [{ b: 1, c: 2 }] }],
  // Lists.
  ['a = [1, "x", true, [2], {b=1}, <<E\nt\nE\n,]', { a: [1, 'x', true, [2], { b: 1 }, 't\n'] }],
  ['a = [\n1,\n2\n]', { a: [1, 2] }],
  ['a = []', { a: [] }],
  ['a = [,1,,2]', { a: [1, 2] }],
  ['a = [1]\na = [2]', { a: [1, 2] }],
  ['a = 1\na = 2', { a: 2 }],
  // Text.
  ['a = "x${foo("y\\n")}z\\n"', { a: 'x${foo("y\\n")}z\n' }],
  ['a = "$${a} ${{}} $ {"', { a: '$${a} ${{}} $ {' }],
  ['a = "${\n}"', { a: '${\n}' }],
  ['a = "\\n\\t\\"\\\\\\a\\b\\f\\v\\r"', { a: '\n\t"\\\u0007\b\f\v\r' }],
  ['a = "\\u00e9\\U0001F600\\x41\\101"', { a: 'é😀AA' }],
  ['a = "{{ GetPrivateIP }} tab\there"', { a: '{{ GetPrivateIP }} tab\there' }],
  // Heredocs.
  ['a = <<END\nhello\n  world\nEND\nb = 1', { a: 'hello\n  world\n', b: 1 }],
  ['a = <<END\nEND\n', { a: '' }],
  ['a = <<END\na\\nb ${x}\nENDING\nEND \nEND\n', { a: 'a\\nb ${x}\nENDING\nEND \n' }],
  ['a = <<END\n x\n  END\n', { a: ' x\n  ' }],
  ['a = <<-END\n    hello\n      world\n    END\n', { a: 'hello\n  world\n' }],
  ['a = <<-END\n\tx\n\t\ty\n\tEND\n', { a: 'x\n\ty\n' }],
  ['a = <<-END\n    hello\n  world\n    END\n', { a: '    hello\n  world\n' }],
  ['a = <<END\r\nhello\r\nEND\r\nb = 1\r\n', { a: 'hello\n', b: 1 }],
  // Numbers.
  ['a = 0x1F\nb = -0x10\nc = 010\nd = 0', { a: 31, b: -16, c: 8, d: 0 }],
  ['a = 1e3\nb = -1.5e-3\nc = 1.\nd = .5\ne = 09.5', { a: 1000, b: -0.0015, c: 1, d: 0.5, e: 9.5 }],
  ['a = -1\nb = 9007199254740991', { a: -1, b: 9007199254740991 }],
  // Beyond HCL1: the last line needs no end, and a byte order mark is skipped.
  ['a = <<END\nhello\nEND', { a: 'hello\n' }],
  ['\uFEFFa = 1', { a: 1 }],
];

const refusals: readonly (readonly [string, string])[] = [
  ['nope', "line 1, column 5: key 'nope' expected start of object ('{') or assignment ('=')"],
  ['a = 1\nb = [1 2]', 'line 2, column 8: expected "," or "]", not "2"'],
  ['a = {\n  b = 1\n', 'line 1, column 5: the "{" here has no closing "}"; add it'],
  ['a {\n b = [1,\n', 'line 2, column 6: the "[" here has no closing "]"; add it'],
  ['a = 1 }', 'line 1, column 7: expected a name, not "}"'],
  ['a =', 'line 1, column 4: expected a value, not the end of the text'],
  ['a = foo', 'line 1, column 5: "foo" is not a value; text must be in double quotes'],
  ["a = 'x'", 'line 1, column 5: unexpected character "\'"; text must be in double quotes'],
  ['a : 1', 'line 1, column 3: unexpected character ":"; write name = value'],
  ['a "b" = 1', 'line 1, column 7: expected "{" after the labels, not "="'],
  ['a { b = 1,, c = 2}', 'line 1, column 11: expected a name or "}", not ","'],
  ['é = "😀" @', 'line 1, column 9: unexpected character "@"'],
  ['a = "un\n"', 'line 1, column 5: the text that starts here has no closing quote on its line'],
  ['a = "${ x', 'line 1, column 5: the text that starts here has no closing quote'],
  ['a = "\\q"', 'line 1, column 6: unknown escape in text'],
  ['a = "\\ud800"', 'line 1, column 6: unknown escape in text'],
  ['a = 1\n/* x', 'line 2, column 1: the comment that starts here has no closing "*/"'],
  ['a = 1 / 2', 'line 1, column 7: unexpected "/"; a comment starts with'],
  ['a = <<END\nhello', 'line 1, column 5: the text that starts here must end with a line that holds only END'],
  ['a = << END\nEND\n', 'line 1, column 5: after << must come a word such as EOT'],
  ['a = 08', 'line 1, column 5: "08" is not a number that can be read'],
  ['a = 9223372036854775808', 'line 1, column 5: "9223372036854775808" is not a number that can be read'],
  ['a = 1e400', 'line 1, column 5: "1e400" is not a number that can be read'],
  ['a = - 1', 'line 1, column 5: "-" is not a number that can be read'],
  ['a = 1\na { b = 1 }', "line 2, column 1: key 'a' is given as a single value and as a list or block"],
  ['a { b = 1 }\na = 2', "line 2, column 1: key 'a' is given as a single value and as a list or block"],
];

describe('the parser of HCL1', () => {
  it.each(answers)('reads %j', (text, expected) => {
    expect(parseHcl(text)).toEqual(expected);
  });

  it.each(refusals)('refuses %j with line and column', (text, problem) => {
    expect(() => parseHcl(text)).toThrow(AppError);
    expect(() => parseHcl(text)).toThrow(problem);
  });

  it('names the file in errors', () => {
    expect(() => parseHcl('a', { filename: 'web.hcl' })).toThrow(/^web\.hcl, line 1, column 2: /);
  });

  it('tells blocks from lists that were written as lists', () => {
    const value = parseHcl('block {}\nassigned = {}\nlist = [{}]\nboth {}\nboth = [{}]\nlabelled "x" {}');
    expect(Object.entries(value).map(([key, entry]) => [key, isBlockList(entry)])).toEqual([
      ['block', true],
      ['assigned', true],
      ['list', false],
      ['both', false],
      ['labelled', true],
    ]);
  });

  it('keeps names that JavaScript treats in a special way as ordinary keys', () => {
    const value = parseHcl('__proto__ { polluted = true }\nconstructor = 1\ntoString "x" {}');
    expect(Object.keys(value)).toEqual(['__proto__', 'constructor', 'toString']);
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
    expect(
      deepEqual(value, JSON.parse('{"__proto__":[{"polluted":true}],"constructor":1,"toString":[{"x":[{}]}]}')),
    ).toBe(true);
  });

  it('reads a config entry as people write it', () => {
    const text = `
      Kind = "service-intentions"
      Name = "api"  # the destination
      Sources = [
        {
          Name   = "web"
          Permissions = [
            { action = "allow" http { path_exact = "/x", methods = ["GET"] } },
            {
              Action = "deny"
              HTTP { PathPrefix = "/" } // the rest
            },
          ]
        },
      ]
      Meta { "team name" = "a\${b}" }
    `;
    expect(parseHcl(text)).toEqual({
      Kind: 'service-intentions',
      Name: 'api',
      Sources: [
        {
          Name: 'web',
          Permissions: [
            { action: 'allow', http: [{ path_exact: '/x', methods: ['GET'] }] },
            { Action: 'deny', HTTP: [{ PathPrefix: '/' }] },
          ],
        },
      ],
      Meta: [{ 'team name': 'a${b}' }],
    });
  });
});
