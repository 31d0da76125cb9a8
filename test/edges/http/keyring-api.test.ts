import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { KeyringChange, KeyringControl, MemberKeys } from '../../../src/discovery/operator/index.js';
import { type TestEdge, testEdge } from './support/test-edge.js';

const [OLD, NEW] = [1, 2].map((fill) => Buffer.alloc(16, fill).toString('base64')) as [string, string];
const members: readonly MemberKeys[] = [
  { node: 'n1', isServer: true, keys: [OLD, NEW], primary: OLD },
  { node: 'n2', isServer: true, keys: [], problem: 'it is not reached from here' },
  { node: 'web', isServer: false, keys: [OLD], primary: OLD },
];

let edge: TestEdge;
let asked: [KeyringChange, string][];
let answer: readonly MemberKeys[];
beforeEach(async () => {
  asked = [];
  answer = [];
  const keyring: KeyringControl = {
    list: () => Promise.resolve(members),
    change: (change, key) => {
      asked.push([change, key]);
      return Promise.resolve(answer);
    },
  };
  edge = await testEdge({ keyring });
});
afterEach(() => edge.close());

describe('the keyring', () => {
  const local = {
    WAN: false,
    Datacenter: 'dc1',
    Segment: '',
    Messages: { n2: 'it is not reached from here' },
    Keys: { [OLD]: 2, [NEW]: 1 },
    PrimaryKeys: { [OLD]: 2 },
    NumNodes: 3,
  };

  test('counts the members that have each key: servers, and all', async () => {
    expect(await edge.get('GET /v1/operator/keyring')).toEqual([
      {
        WAN: true,
        Datacenter: 'dc1',
        Segment: '',
        Messages: { 'n2.dc1': 'it is not reached from here' },
        Keys: { [OLD]: 1, [NEW]: 1 },
        PrimaryKeys: { [OLD]: 1 },
        NumNodes: 2,
      },
      local,
    ]);
    expect(await edge.get('GET /v1/operator/keyring?local-only=true')).toEqual([local]);
  });

  test.each([
    ['POST', 'install'],
    ['PUT', 'use'],
    ['DELETE', 'remove'],
  ])('%s: %s, and nothing is said where all members have done it', async (method, change) => {
    expect(await edge.ask(`${method} /v1/operator/keyring`, { body: { Key: NEW } })).toMatchObject({
      status: 200,
      text: '',
    });
    expect(asked).toEqual([[change, NEW]]);
  });

  test('names the members that have not done what was asked', async () => {
    answer = members;
    expect(await edge.ask('PUT /v1/operator/keyring', { body: { Key: NEW } })).toMatchObject({
      status: 400,
      text: [
        '4 errors occurred:',
        '\t* WAN error: 1/1 nodes reported failure',
        '\t* n2.dc1: it is not reached from here',
        '\t* dc1 (LAN) error: 1/3 nodes reported failure',
        '\t* n2: it is not reached from here',
        '\n',
      ]
        .join('\n')
        .replace('\n\n\n', '\n\n'),
    });
  });

  test.each([
    ['POST /v1/operator/keyring', { Key: 'b#d=' }, 'illegal base64 data at input byte 1'],
    ['POST /v1/operator/keyring?local-only=true', { Key: NEW }, 'local-only is for listing keys'],
    ['GET /v1/operator/keyring?relay-factor=6', undefined, 'relay factor'],
    ['GET /v1/operator/keyring?local-only=maybe', undefined, 'local-only'],
  ])('%s %j is refused before anybody is asked', async (line, body, problem) => {
    const { status, text } = await edge.ask(line, body && { body });
    expect([status, text.includes(problem)]).toEqual([400, true]);
    expect(asked).toEqual([]);
  });
});
