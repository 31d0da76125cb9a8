import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { AppError } from '../../../src/core/index.js';
import {
  boolType,
  checkFilter,
  compileFilter,
  floatType,
  intType,
  listOf,
  mapOf,
  opaqueType,
  stringType,
  structOf,
} from '../../../src/lang/filter/index.js';

const check = structOf({ Name: stringType, Status: stringType, Tags: listOf(stringType) });
const instance = structOf({
  Node: stringType,
  Address: stringType,
  Datacenter: stringType,
  Tags: listOf(stringType),
  Meta: mapOf(stringType),
  Port: intType,
  Load: floatType,
  EnableTagOverride: boolType,
  Weights: structOf({ Passing: intType, Warning: intType }),
  TaggedAddresses: mapOf(structOf({ Address: stringType, Port: intType })),
  Checks: listOf(check),
  Ports: listOf(intType),
  Groups: mapOf(listOf(stringType)),
  Config: mapOf(opaqueType),
});

const value = {
  Node: 'a',
  Address: '10.0.0.1',
  Tags: ['blue', 'x'],
  Meta: { v: '1', 'a.b': 'q', empty: '' },
  Port: 1,
  Load: 1.5,
  EnableTagOverride: true,
  Weights: { Passing: 1, Warning: 2 },
  TaggedAddresses: { lan: { Address: '1.1.1.1', Port: 80 } },
  Checks: [
    { Name: 'c1', Status: 'passing', Tags: ['t'] },
    { Name: 'c2', Status: 'critical', Tags: null },
  ],
  Ports: [1, 2],
  Groups: { l: ['p', 'q'] },
};

/** What Consul's own evaluator answered for the same value. */
const answers: readonly (readonly [string, boolean])[] = [
  ['Node == a', true],
  ['Node != a', false],
  ['Node==a', true],
  ['Datacenter == ""', true],
  ['Datacenter != ""', false],
  ['Address contains "0.0"', true],
  ['"0.0" not in Address', false],
  ['Node matches "^a$"', true],
  ['Node not matches `^b`', true],
  ['Port == 1', true],
  ['Port == "0x1"', true],
  ['Port == -1', false],
  ['Load == 1.5', true],
  ['Load == "1.5e0"', true],
  ['EnableTagOverride == TRUE', true],
  ['EnableTagOverride == 0', false],
  ['EnableTagOverride != true', false],
  ['Weights.Passing == 1', true],
  ['Weights["Passing"] != 1', false],
  ['Tags contains blue', true],
  ['blue not in Tags', false],
  ['Tags is empty', false],
  ['Meta.v == 1', true],
  ['Meta["a.b"] == q', true],
  ['Meta.empty == ""', true],
  ['v in Meta', true],
  ['Meta contains 1', false],
  ['Meta is not empty', true],
  ['TaggedAddresses.lan.Port == 80', true],
  ['lan in TaggedAddresses', true],
  ['Ports contains 2', true],
  ['3 not in Ports', true],
  ['p in Groups.l', true],
  ['Groups.l is empty', false],
  ['Config is empty', true],
  // A key that a map does not have.
  ['Meta.nope == 1', false],
  ['Meta.nope != 1', true],
  ['Meta.nope == ""', false],
  ['Meta.nope contains x', false],
  ['Meta.nope not contains x', true],
  ['TaggedAddresses.nope.Port == 80', false],
  ['TaggedAddresses.nope.Port != 80', true],
  ['Groups.nope is empty', true],
  ['Groups.nope contains p', false],
  ['nope not in Meta', true],
  // Any element of a list of objects.
  ['Checks.Name == c2', true],
  ['Checks.Name == c3', false],
  ['Checks.Name != c1', true],
  ['not Checks.Name == c1', false],
  ['Checks.Tags contains t', true],
  ['Checks.Tags is empty', true],
  ['Checks.Tags is not empty', true],
  ['Checks.Status matches "^crit"', true],
  ['Checks is not empty', true],
  // Precedence.
  ['Port == 2 or Port == 1 and Node == b', false],
  ['Port == 1 or Port == 2 and Node == b', true],
  ['not Node == a or Port == 1', true],
  ['(Node == a or Node == b) and Port != 1', false],
];

/** In the words of a Consul 1.21. */
const refusals: readonly (readonly [string, string])[] = [
  ['Nope == 1', 'Selector "Nope" is not valid'],
  ['Weights.Nope == 1', 'Selector "Weights.Nope" is not valid'],
  ['TaggedAddresses.lan.lan.Port == 1', 'Selector "TaggedAddresses.lan.lan" is not valid'],
  ['Node.x == 1', 'Selector "Node.x" is not valid'],
  ['Tags.x == 1', 'Selector "Tags.x" is not valid'],
  ['Config.x == 1', 'Selector "Config.x" is not valid'],
  ['constructor == 1', 'Selector "constructor" is not valid'],
  ['Port matches 1', 'Invalid match operator "Matches" for selector "Port"'],
  ['Node is empty', 'Invalid match operator "Is Empty" for selector "Node"'],
  ['Meta.v is not empty', 'Invalid match operator "Is Not Empty" for selector "Meta.v"'],
  ['Tags == blue', 'Invalid match operator "Equal" for selector "Tags"'],
  ['Tags != blue', 'Invalid match operator "Not Equal" for selector "Tags"'],
  ['Port contains 1', 'Invalid match operator "In" for selector "Port"'],
  ['1 not in Port', 'Invalid match operator "Not In" for selector "Port"'],
  ['Tags not matches "["', 'Invalid match operator "Not Matches" for selector "Tags"'],
  ['c1 in Checks', 'Invalid match operator "In" for selector "Checks"'],
  ['Weights == 1', 'Invalid match operator "Equal" for selector "Weights"'],
  [
    'Port == "one"',
    'Failed to coerce value "one" for selector "Port": strconv.ParseInt: parsing "one": invalid syntax',
  ],
  ['Port == 1.5', 'Failed to coerce value "1.5" for selector "Port": strconv.ParseInt: parsing "1.5": invalid syntax'],
  [
    'Port == 99999999999999999999',
    'Failed to coerce value "99999999999999999999" for selector "Port": strconv.ParseInt: parsing "99999999999999999999": value out of range',
  ],
  [
    'EnableTagOverride == yes',
    'Failed to coerce value "yes" for selector "EnableTagOverride": strconv.ParseBool: parsing "yes": invalid syntax',
  ],
  ['Load == x', 'Failed to coerce value "x" for selector "Load": strconv.ParseFloat: parsing "x": invalid syntax'],
  [
    'Ports contains x',
    'Failed to coerce value "x" for selector "Ports": strconv.ParseInt: parsing "x": invalid syntax',
  ],
  ['Node matches "("', 'Failed to compile regular expression "(": error parsing regexp: missing closing ): `(`'],
];

describe('compiled filter expressions', () => {
  it.each(answers)('%s is %s', (expression, expected) => {
    expect(compileFilter(expression, instance)(value)).toBe(expected);
  });

  it.each(refusals)('refuses %s in the words of Consul', (expression, problem) => {
    expect(checkFilter(expression, instance)).toBe(problem);
    expect(() => compileFilter(expression, instance)).toThrow(
      new AppError('invalidArgument', `Failed to create boolean expression evaluator: ${problem}`),
    );
  });

  it('take fields that are left out for empty, as answers leave out empty fields', () => {
    const expressions = [
      'Node == ""',
      'Port == 0',
      'EnableTagOverride == false',
      'Tags is empty',
      'Meta is empty',
      'Weights.Passing == 0',
      'not Checks.Name != x',
      'Meta.v != 1',
    ];
    for (const sparse of [{}, { Tags: null, Meta: null, Checks: null, Weights: null }, null, 'text']) {
      for (const expression of expressions) expect(compileFilter(expression, instance)(sparse), expression).toBe(true);
    }
  });

  it('do not match a pattern against a key that is not there (Consul 1.21 does)', () => {
    expect(compileFilter('Meta.nope matches ".*"', instance)(value)).toBe(false);
    expect(compileFilter('Meta.nope not matches "x"', instance)(value)).toBe(true);
  });

  it('look at own keys only', () => {
    expect(compileFilter('Meta.constructor != ""', instance)(value)).toBe(true);
    expect(compileFilter('toString in Meta', instance)(value)).toBe(false);
    expect(
      compileFilter('Meta["__proto__"] == x', instance)({ Meta: JSON.parse('{"__proto__":"x"}') as unknown }),
    ).toBe(true);
  });

  it('without a type take every selector and compare with what they find', () => {
    for (const [expression] of answers) {
      expect(checkFilter(expression), expression).toBeUndefined();
    }
    const found = (expression: string): boolean => compileFilter(expression)(value);
    expect(found('Node == a and Port == 1 and EnableTagOverride == true')).toBe(true);
    expect(found('Checks.Name == c2 and Tags contains blue and v in Meta and Address contains 0.0')).toBe(true);
    expect(found('Nope.at.all == 1 or Node.x == 1 or Weights == 1')).toBe(false);
    expect(found('Nope is empty and Tags is not empty and Nope != 1')).toBe(true);
    expect(checkFilter('Nope matches "("')).toContain('missing closing )');
  });

  it('allow at most 32 patterns', () => {
    const patterns = (count: number): string => Array.from({ length: count }, () => 'Node matches a').join(' or ');
    expect(checkFilter(patterns(32), instance)).toBeUndefined();
    expect(checkFilter(patterns(33), instance)).toBe(
      'the expression has 33 regular expressions, at most 32 are allowed; join them with "|"',
    );
  });

  it('give true or false for every value', () => {
    const filters = answers.map(([expression]) => compileFilter(expression, instance));
    fc.assert(
      fc.property(
        fc.oneof(
          fc.anything(),
          fc.record({ Meta: fc.anything(), Tags: fc.anything(), Checks: fc.array(fc.anything()) }),
        ),
        (anyValue) => {
          for (const filter of filters) expect(typeof filter(anyValue)).toBe('boolean');
        },
      ),
    );
  });

  it("are each other's opposite when negated outside lists", () => {
    const record = fc.record(
      {
        Node: fc.constantFrom('a', 'b', ''),
        Tags: fc.array(fc.constantFrom('a', 'b')),
        Meta: fc.dictionary(fc.constantFrom('v', 'w'), fc.constantFrom('a', 'b')),
      },
      { requiredKeys: [] },
    );
    const pairs = [
      ['Node == a', 'Node != a'],
      ['a in Tags', 'a not in Tags'],
      ['Tags is empty', 'Tags is not empty'],
      ['Meta.v == a', 'Meta.v != a'],
      ['Meta.v matches a', 'Meta.v not matches a'],
    ].map((pair) => pair.map((expression) => compileFilter(expression, instance)));
    fc.assert(
      fc.property(record, (anyRecord) => {
        for (const [positive, negative] of pairs) expect(positive?.(anyRecord)).toBe(!negative?.(anyRecord));
      }),
    );
  });
});
