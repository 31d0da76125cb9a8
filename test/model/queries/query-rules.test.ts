import { describe, expect, test } from 'vitest';
import { queryDefinitionField, queryProblem } from '../../../src/model/queries/index.js';
import { decode, encode } from '../../../src/model/wire/index.js';

const definition = (body: Record<string, unknown>) => decode(queryDefinitionField, body, { what: 'query' });
const problem = (body: Record<string, unknown>) => queryProblem(definition(body));
const web = (more: Record<string, unknown> = {}) => ({ Name: 'a', Service: { Service: 'web', ...more } });
const template = (type: Record<string, unknown>, service = 'web') => ({
  Name: 'a',
  Template: type,
  Service: { Service: service },
});

describe('a prepared query', () => {
  test('of a name and a service is right', () => {
    expect(problem(web())).toBeUndefined();
    expect(problem({ Template: { Type: 'name_prefix_match' }, Service: { Service: '${name.full}' } })).toBeUndefined();
  });

  test.each([
    [{}, /Must be bound to a session/],
    [{ Name: 'a' }, /Must provide a Service name to query/],
    [{ Name: 'a\u0000b', Service: { Service: 'web' } }, /Name must not contain control characters/],
    [web({ Failover: { NearestN: -1 } }), /Bad NearestN '-1', must be >= 0/],
    [web({ Failover: { NearestN: 1, Targets: [{ Datacenter: 'x' }] } }), /Targets cannot be populated with/],
    [web({ Failover: { Targets: [{ Datacenter: 'x' }, {}] } }), /Targets\[1\] must name either/],
    [web({ SamenessGroup: 'g' }), /enterprise-only/],
    [web({ NodeMeta: { 'bad key': 'x' } }), /\('bad key', 'x'\): Key contains invalid characters/],
    [web({ ServiceMeta: { k: 'x'.repeat(513) } }), /Value is too long/],
    [{ ...web(), DNS: { TTL: 'soon' } }, /Bad DNS TTL 'soon': time: invalid duration "soon"/],
    [{ ...web(), DNS: { TTL: '-5s' } }, /DNS TTL '-5s', must be >=0/],
    [template({ Type: 'odd' }), /^failed compiling template: Bad Template.Type 'odd'/],
    [template({ Type: 'name_prefix_match', Regexp: '(' }), /Bad Regexp: error parsing regexp: missing closing \)/],
    [template({ Type: 'name_prefix_match' }, '${bad'), /Bad format '\$\{bad' in Service.Service: parse error at 1:6/],
    [template({ Type: 'name_prefix_match' }, '${nope.x}'), /Bad evaluation for '\$\{nope.x\}' in Service.Service: 1:3/],
  ])('%j is refused', (body, pattern) => {
    expect(problem(body)).toMatch(pattern);
  });

  test('comes back as it was written', () => {
    const body = {
      Name: 'q',
      Service: {
        Service: 'web',
        Failover: { NearestN: 2, Datacenters: ['dc2'] },
        OnlyPassing: true,
        IgnoreCheckIDs: ['z'],
        Near: '_agent',
        Tags: ['a', '!b'],
        NodeMeta: { k: 'v' },
        ServiceMeta: { m: 'n' },
        Connect: true,
      },
      DNS: { TTL: '10s' },
    };
    const shown = encode(queryDefinitionField, definition(body)) as Record<string, object>;
    expect(shown).toMatchObject(body);
    expect(encode(queryDefinitionField, definition(shown))).toEqual(shown);
    expect(shown['Service']).toMatchObject({ SamenessGroup: '', Peer: '', Failover: { Targets: null } });
  });
});
