import { describe, expect, it } from 'vitest';
import { configEntryRequires, decodeConfigEntry, encodeConfigEntry } from '../../../src/model/index.js';

const intentions = (fields: object) => decodeConfigEntry({ Kind: 'service-intentions', Name: 'web', ...fields });
const source = (fields: object) => () => intentions({ Sources: [{ Name: 'api', ...fields }] });
const permission = (http: object) => source({ Permissions: [{ Action: 'allow', HTTP: http }] });

describe('service-intentions', () => {
  it('fills in type and precedence and puts sources in the order of precedence', () => {
    const entry = intentions({
      Sources: [
        { Name: '*', Action: 'deny' },
        { Name: 'api', Permissions: [{ Action: 'allow', HTTP: { Methods: ['get'] } }] },
      ],
    });
    expect(encodeConfigEntry(entry)).toEqual({
      Kind: 'service-intentions',
      Name: 'web',
      Sources: [
        { Name: 'api', Permissions: [{ Action: 'allow', HTTP: { Methods: ['GET'] } }], Precedence: 9, Type: 'consul' },
        { Name: '*', Action: 'deny', Precedence: 8, Type: 'consul' },
      ],
    });
  });

  it('overrules the precedence that a body gives', () => {
    const entry = intentions({ Name: '*', Sources: [{ Name: 'api', Action: 'allow', Precedence: 99 }] });
    expect(entry).toMatchObject({ sources: [{ precedence: 6 }] });
  });

  it.each([
    ['no source', () => intentions({ Sources: [] }), 'At least one source is required'],
    ['a nameless source', () => intentions({ Sources: [{ Action: 'allow' }] }), 'Sources[0].Name is required'],
    ['part of a wildcard', () => intentions({ Sources: [{ Name: 'w*', Action: 'allow' }] }), 'partial values'],
    [
      'part of a wildcard as destination',
      () => intentions({ Name: 'w*', Sources: [{ Name: 'a', Action: 'allow' }] }),
      'partial values',
    ],
    [
      'a source twice',
      () =>
        intentions({
          Sources: [
            { Name: 'a', Action: 'allow' },
            { Name: 'a', Action: 'deny' },
          ],
        }),
      'Sources[1] defines "a" more than once',
    ],
    ['an unknown action', source({ Action: 'perhaps' }), "Sources[0].Action must be set to 'allow' or 'deny'"],
    ['no action', source({}), "must be set to 'allow' or 'deny'"],
    ['another type', source({ Action: 'allow', Type: 'vm' }), "Type must be set to 'consul'"],
    ['a long description', source({ Action: 'allow', Description: 'x'.repeat(513) }), 'maximum length 512'],
    ['another namespace', source({ Action: 'allow', Namespace: 'other' }), 'there is no namespace'],
    ['another partition', source({ Action: 'allow', Partition: 'other' }), 'there is no partition'],
    ['a sameness group', source({ Action: 'allow', SamenessGroup: 'g' }), 'Enterprise'],
    [
      'permissions with an action',
      source({ Action: 'allow', Permissions: [{ Action: 'allow', HTTP: { Methods: ['GET'] } }] }),
      'Action must be omitted if Permissions are specified',
    ],
    [
      'permissions for every destination',
      () =>
        intentions({
          Name: '*',
          Sources: [{ Name: 'a', Permissions: [{ Action: 'allow', HTTP: { PathPrefix: '/' } }] }],
        }),
      'wildcarded destinations',
    ],
    ['a permission without conditions', permission({}), 'Permissions[0].HTTP should not be empty'],
    ['a permission about nothing', source({ Permissions: [{ Action: 'allow' }] }), 'Permissions[0].HTTP is required'],
    ['a relative path', permission({ PathPrefix: 'x' }), "doesn't start with '/'"],
    ['two paths', permission({ PathPrefix: '/', PathExact: '/' }), 'at most one of'],
    ['a bad regular expression', permission({ PathRegex: '(' }), 'is not a valid regular expression'],
    ['an unknown method', permission({ Methods: ['FLY'] }), 'invalid method "FLY"'],
    ['a header that is matched in no way', permission({ Header: [{ Name: 'x' }] }), 'should only contain one of'],
    [
      'a header that is matched in two ways',
      permission({ Header: [{ Name: 'x', Exact: 'a', Contains: 'b' }] }),
      'Present, Exact, Prefix, Suffix, Contains, or Regex',
    ],
    [
      'a regular expression without regard to case',
      permission({ Header: [{ Name: 'x', Regex: 'a', IgnoreCase: true }] }),
      'when using IgnoreCase',
    ],
  ])('with %s are refused', (_what, write, text) => {
    expect(write).toThrow(text);
  });

  it('with a permission and no action are taken', () => {
    expect(permission({ Methods: ['GET'] })).not.toThrow();
  });

  it('need intention rights on the destination', () => {
    const entry = intentions({ Sources: [{ Name: 'a', Action: 'allow' }] });
    expect(configEntryRequires(entry, 'write')).toEqual([{ resource: 'intention', name: 'web', level: 'write' }]);
  });
});
