import { beforeEach, describe, expect, test } from 'vitest';
import { type EventLog, createEventLog } from '../../../src/discovery/events/index.js';
import { ManualClock } from '../../state/support/manual-clock.js';

let clock: ManualClock;
let log: EventLog;
let made: number;
const services = [
  { service: 'web', tags: ['v1', 'blue'] },
  { service: 'db', tags: [] },
];
const id = (number: number) => `00000000-0000-4000-8000-${String(number).padStart(12, '0')}`;
const nobody = () => new AbortController().signal;

beforeEach(() => {
  made = 0;
  clock = new ManualClock();
  log = createEventLog({ receiver: { node: 'n1', services: () => services }, clock, makeId: () => id(++made) });
});

const fire = (
  name: string,
  filters: { nodeFilter?: string; serviceFilter?: string; tagFilter?: string } = {},
  payload = '',
) => log.fire({ name, payload: Buffer.from(payload), nodeFilter: '', serviceFilter: '', tagFilter: '', ...filters });
const names = (name = '') => log.list(name).events.map((event) => event.name);

describe('an event', () => {
  test('is seen at once, with the time at which it was', () => {
    expect(fire('deploy').lTime).toBe(0);
    fire('deploy');
    expect(log.list('').events.map(({ lTime }) => lTime)).toEqual([2, 3]);
  });

  test.each([
    [{ nodeFilter: '^n1$' }, true],
    [{ nodeFilter: 'n2' }, false],
    [{ serviceFilter: 'we' }, true],
    [{ serviceFilter: '^eb' }, false],
    [{ serviceFilter: 'web', tagFilter: 'bl.e' }, true],
    [{ serviceFilter: 'db', tagFilter: '.*' }, false],
    [{ nodeFilter: 'n2', serviceFilter: 'web' }, false],
  ])('with the filters %j is for this agent: %j', (filters, isMeant) => {
    fire('e', filters);
    expect(names()).toEqual(isMeant ? ['e'] : []);
  });

  test('of another member is taken in once, and time goes on from there', () => {
    const heard = { ...fire('own'), id: id(99), name: 'other', lTime: 40 };
    log.receive(heard);
    log.receive(heard);
    fire('later');
    expect(log.list('').events.map(({ name, lTime }) => [name, lTime])).toEqual([
      ['own', 2],
      ['other', 40],
      ['later', 41],
    ]);
  });

  test('with a filter that cannot be read here is for others', () => {
    log.receive({ ...fire('own'), id: id(99), name: 'strange', nodeFilter: '(' });
    expect(names()).toEqual(['own']);
  });

  test.each<[string, Parameters<typeof fire>[1], string, RegExp]>([
    ['', {}, '', /Missing name/],
    ['a\nb', {}, '', /Invalid event name/],
    ['x', { tagFilter: 'a' }, '', /Cannot provide tag filter without service filter/],
    ['x', { nodeFilter: '(' }, '', /Invalid node filter: error parsing regexp: missing closing/],
    ['x', { serviceFilter: 'a', tagFilter: '(a{1000}){1000}' }, '', /Invalid tag filter/],
    ['x', {}, 'y'.repeat(512), /exceeds configured limit of 512 bytes/],
  ])('%j with %j is refused', (name, filters, payload, expected) => {
    expect(() => fire(name, filters, payload)).toThrow(expected);
    expect(names()).toEqual([]);
  });
});

describe('the list', () => {
  test('holds the last 256, and of one name what is left of it', () => {
    fire('old');
    for (let at = 0; at < 256; at += 1) fire(`e${at % 2}`);
    expect([names().length, names('old'), names('e1').length]).toEqual([256, [], 128]);
  });

  test('stands at an index that is made of the last id', () => {
    expect(log.list('').index).toBe(1n);
    log.receive({ ...fire('x'), id: 'a2c59bef-1eec-a8d4-0d9e-047b7909108f' });
    expect(log.list('').index).toBe(12_635_868_639_265_142_875n);
  });

  test('is waited for until it stands elsewhere, by name', async () => {
    fire('a');
    const { index } = log.list('a');
    let woken = false;
    const waiting = log.changed('a', index, 60_000, nobody()).then(() => (woken = true));
    fire('b');
    await Promise.resolve();
    expect(woken).toBe(false);
    fire('a');
    await waiting;
    expect(clock.pending).toBe(0);
  });

  test('is waited for no longer than asked, and not at all at another index', async () => {
    const waiting = log.changed('', 1n, 1000, nobody());
    clock.advance(1000);
    await waiting;
    await log.changed('', 7n, 1000, nobody());
    const gone = new AbortController();
    const given = log.changed('', 1n, 1000, gone.signal);
    gone.abort();
    await given;
    expect(clock.pending).toBe(0);
  });
});
