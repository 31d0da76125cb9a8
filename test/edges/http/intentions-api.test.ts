import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { setDefaultIntentionPolicy } from '../../../src/discovery/intentions/index.js';
import { type TestEdge, testEdge } from './support/test-edge.js';

const INTENTIONS = '/v1/connect/intentions';
const UNKNOWN = 'aaaaaaaa-0000-4000-8000-000000000001';
const HTTP = { Kind: 'service-defaults', Name: 'db', Protocol: 'http' };

let edge: TestEdge;
beforeEach(async () => {
  edge = await testEdge();
});
afterEach(() => edge.close());

/** Status and text of an answer, or its JSON when it is one. */
async function answer(line: string, body?: unknown): Promise<unknown> {
  const { status, text, json } = await edge.ask(line, body === undefined ? {} : { body });
  return status === 200 ? json : `${status} ${text}`;
}

const create = async (body: object): Promise<string> =>
  ((await answer(`POST ${INTENTIONS}`, body)) as { readonly ID: string }).ID;
const webToDb = { SourceName: 'web', DestinationName: 'db', Action: 'allow' };

describe('intentions by id', () => {
  test('are created with an id of ours, and read, changed and deleted by it', async () => {
    const id = await create({ ...webToDb, Description: 'first', Meta: { team: 'a' } });
    const shown = { ID: id, SourceName: 'web', DestinationName: 'db', SourceType: 'consul', Precedence: 9 };
    expect(await answer(`GET ${INTENTIONS}/${id}`)).toMatchObject({
      ...shown,
      Action: 'allow',
      Description: 'first',
      Meta: { team: 'a' },
    });
    expect(await answer(`PUT ${INTENTIONS}/${id}`, { Action: 'deny' })).toEqual({ ID: id });
    const changed = (await answer(`GET ${INTENTIONS}/${id}`)) as Record<string, unknown>;
    expect(changed).toMatchObject({ ...shown, Action: 'deny' });
    expect(changed).not.toHaveProperty('Meta');
    expect(await answer(`DELETE ${INTENTIONS}/${id}`)).toBe(true);
    expect(await answer(`GET ${INTENTIONS}/${id}`)).toBe('404 Intention not found');
  });

  test('stay between the services they were made for', async () => {
    const id = await create(webToDb);
    expect(await answer(`PUT ${INTENTIONS}/${id}`, webToDb)).toEqual({ ID: id });
    for (const [field, was] of [
      ['SourceName', 'web'],
      ['SourcePeer', ''],
      ['DestinationName', 'db'],
    ])
      expect(await answer(`PUT ${INTENTIONS}/${id}`, { ...webToDb, [String(field)]: 'other' })).toBe(
        `400 ${field} of an intention cannot be changed from "${was}" to "other": delete it and create another`,
      );
    expect(await answer(`GET ${INTENTIONS}`)).toHaveLength(1);
  });

  test('that nobody has are not found, and what is no id is said to be none', async () => {
    for (const line of [`GET ${INTENTIONS}/${UNKNOWN}`, `DELETE ${INTENTIONS}/${UNKNOWN}`])
      expect(await answer(line)).toBe('404 Intention not found');
    expect(await answer(`PUT ${INTENTIONS}/${UNKNOWN}`, { Action: 'allow' })).toBe('404 Intention not found');
    expect(await answer(`GET ${INTENTIONS}/nope`)).toBe('400 failed intention lookup: Invalid UUID: "nope"');
  });

  test.each([
    [{ ...webToDb, ID: UNKNOWN }, '400 ID must be empty when creating a new intention'],
    [{ DestinationName: 'db', Action: 'allow' }, '400 SourceName must be set'],
    [{ SourceName: 'web', Action: 'allow' }, '400 DestinationName must be set'],
    [{ SourceName: 'web', DestinationName: 'db' }, "400 Sources[0].Action must be set to 'allow' or 'deny'"],
    [{ ...webToDb, SourceType: 'odd' }, "400 Sources[0].Type must be set to 'consul'"],
    [
      { ...webToDb, SourceName: 'w*b' },
      '400 Sources[0].Name: wildcard character "*" cannot be used with partial values',
    ],
    [{ ...webToDb, DestinationName: 'd*' }, '400 Name: wildcard character "*" cannot be used with partial values'],
    [{ ...webToDb, Description: 'x'.repeat(513) }, '400 Sources[0].Description exceeds maximum length 512'],
    [{ ...webToDb, Foo: 1 }, '400 Failed to decode request body: "Foo" is not a known field'],
  ])('are not made of %j', async (body, text) => {
    expect(await answer(`POST ${INTENTIONS}`, body)).toBe(text);
    expect(await answer(`GET ${INTENTIONS}`)).toEqual([]);
  });
});

describe('intentions by names', () => {
  const exact = `${INTENTIONS}/exact?source=web&destination=db`;

  test('are written, read and deleted, whether they were there or not', async () => {
    expect(await answer(`GET ${exact}`)).toBe('404 Intention not found');
    expect(await answer(`PUT ${exact}`, { Action: 'allow' })).toBe(true);
    expect(await answer(`GET ${exact}`)).toMatchObject({ SourceName: 'web', Action: 'allow', Precedence: 9 });
    expect(await answer(`DELETE ${exact}`)).toBe(true);
    expect(await answer(`DELETE ${exact}`)).toBe(true);
    expect(await answer(`GET ${INTENTIONS}`)).toEqual([]);
  });

  test('need both names, an action or permissions, and no more than they can have', async () => {
    expect(await answer(`GET ${INTENTIONS}/exact?source=web`)).toBe(
      "400 required query parameter 'destination' not set",
    );
    expect(await answer(`PUT ${INTENTIONS}/exact?destination=db`, {})).toBe(
      "400 required query parameter 'source' not set",
    );
    expect(await answer(`PUT ${exact}`, 'null')).toMatch('400 Sources[0].Action must be set');
    expect(await answer(`PUT ${exact}`, { Action: 'allow', Meta: { a: 'b' } })).toMatch(/^400 .*Meta/);
    const Permissions = [{ Action: 'allow', HTTP: { PathExact: '/' } }];
    expect(await answer(`PUT ${INTENTIONS}/exact?source=web&destination=*`, { Permissions })).toMatch(
      'cannot be specified on intentions with wildcarded destinations',
    );
    expect(await answer(`PUT ${exact}`, { Permissions })).toMatch('incompatible with L7 intentions permissions');
    await answer('PUT /v1/config', HTTP);
    expect(await answer(`PUT ${exact}`, { Permissions })).toBe(true);
  });

  test('of a caller at a peer are others than those of our own caller', async () => {
    const atPeer = `${INTENTIONS}/exact?source=peer:east/web&destination=db`;
    await answer(`PUT ${exact}`, { Action: 'allow' });
    await answer(`PUT ${atPeer}`, { Action: 'deny' });
    expect(await answer(`GET ${exact}`)).toMatchObject({ Action: 'allow' });
    expect(await answer(`GET ${atPeer}`)).toMatchObject({ SourceName: 'web', SourcePeer: 'east', Action: 'deny' });
  });

  test('take the place of those with an id, which lose id, meta and times', async () => {
    const id = await create({ ...webToDb, Meta: { team: 'a' } });
    const kept = await create({ ...webToDb, SourceName: 'api' });
    expect(await answer(`PUT ${exact}`, { Action: 'deny' })).toBe(true);
    expect(await answer(`GET ${INTENTIONS}/${id}`)).toBe('404 Intention not found');
    const shown = (await answer(`GET ${exact}`)) as Record<string, unknown>;
    expect(shown).toMatchObject({ Action: 'deny' });
    for (const field of ['ID', 'Meta', 'CreatedAt', 'UpdatedAt']) expect(shown).not.toHaveProperty(field);
    expect(await answer(`GET ${INTENTIONS}/${kept}`)).toMatchObject({ ID: kept, SourceName: 'api' });
    expect(await answer(`POST ${INTENTIONS}`, webToDb)).toBe('409 duplicate intention found: web => db');
  });
});

describe('questions about intentions', () => {
  beforeEach(async () => {
    for (const [source, destination, action] of [
      ['*', '*', 'deny'],
      ['web', '*', 'allow'],
      ['*', 'db', 'allow'],
      ['web', 'db', 'deny'],
    ])
      await answer(`PUT ${INTENTIONS}/exact?source=${source}&destination=${destination}`, { Action: action });
  });

  test('are answered with a list, the most particular first, that a filter can cut', async () => {
    const pairs = (list: unknown): readonly string[] =>
      (list as readonly { SourceName: string; DestinationName: string }[]).map(
        ({ SourceName, DestinationName }) => `${SourceName} => ${DestinationName}`,
      );
    expect(pairs(await answer(`GET ${INTENTIONS}`))).toEqual(['web => db', '* => db', 'web => *', '* => *']);
    expect(pairs(await answer(`GET ${INTENTIONS}?filter=Action==allow`))).toEqual(['* => db', 'web => *']);
    expect(await answer(`GET ${INTENTIONS}?filter=Bad%20==`)).toMatch(
      '400 Failed to create boolean expression evaluator',
    );
  });

  test('are answered for several names at once', async () => {
    const byDestination = (await answer(`GET ${INTENTIONS}/match?by=destination&name=db&name=api`)) as Record<
      string,
      readonly { Precedence: number }[]
    >;
    expect(Object.keys(byDestination)).toEqual(['db', 'api']);
    expect(byDestination['db']?.map(({ Precedence }) => Precedence)).toEqual([9, 8, 6, 5]);
    expect(byDestination['api']?.map(({ Precedence }) => Precedence)).toEqual([6, 5]);
    const bySource = (await answer(`GET ${INTENTIONS}/match?by=source&name=web`)) as Record<string, readonly object[]>;
    expect(bySource['web']).toHaveLength(4);
    expect(await answer(`GET ${INTENTIONS}/match?by=destination`)).toMatch(/^400 .*'name'/);
    expect(await answer(`GET ${INTENTIONS}/match?by=odd&name=db`)).toMatch(/^400 .*'by'/);
    expect(await answer(`GET ${INTENTIONS}/match?name=db`)).toMatch(/^400 .*'by'/);
  });

  test('are answered with whether one may call another', async () => {
    const check = (source: string, destination: string) =>
      answer(`GET ${INTENTIONS}/check?source=${source}&destination=${destination}`);
    expect(await check('web', 'db')).toEqual({ Allowed: false });
    expect(await check('other', 'db')).toEqual({ Allowed: true });
    expect(await check('web', 'api')).toEqual({ Allowed: true });
    expect(await check('other', 'api')).toEqual({ Allowed: false });
    expect(await answer(`GET ${INTENTIONS}/check?source=web`)).toBe(
      "400 required query parameter 'destination' not set",
    );
    expect(await answer(`GET ${INTENTIONS}/check?source=web&destination=db&source-type=odd`)).toBe(
      '400 invalid source type "odd": only "consul" is supported',
    );
  });
});

test.each([
  ['allow', true],
  ['deny', false],
] as const)(
  'callers that no intention is about follow the default policy %s at our own check',
  async (policy, allowed) => {
    await setDefaultIntentionPolicy(edge.deps.store, policy);
    expect(await answer('GET /v1/mesh/intentions/check?source=web&destination=db')).toEqual({
      Allowed: allowed,
      Reason: 'No intention is about this caller: the default decides',
    });
  },
);

test("Consul's check goes by the ACL default for them, whatever the proxies do", async () => {
  await setDefaultIntentionPolicy(edge.deps.store, 'deny');
  expect(await answer(`GET ${INTENTIONS}/check?source=web&destination=db`)).toEqual({ Allowed: true });
});
