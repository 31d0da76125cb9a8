import { describe, expect, test } from 'vitest';
import { exchangeEvents } from '../../src/cluster/index.js';
import { createEventLog, type EventLog, type UserEvent } from '../../src/discovery/events/index.js';
import { ManualClock } from '../state/support/manual-clock.js';
import { SharedLiveArea } from './support/shared-live-area.js';

const clock = (): ManualClock => new ManualClock();

interface Server {
  readonly log: EventLog;
  readonly names: () => string[];
  readonly close: () => void;
}

let ids = 0;

function server(area: SharedLiveArea, name: string, time = clock()): Server {
  const live = area.server(name);
  const log = createEventLog({
    receiver: { node: name, services: () => [] },
    clock: time,
    makeId: () => `00000000-0000-4000-8000-${String((ids += 1)).padStart(12, '0')}`,
    publish: (event) => exchange.publish(event),
  });
  const exchange = exchangeEvents({ live, server: name, clock: time, receive: (event) => log.receive(event) });
  return { log, names: () => log.list('').events.map((event) => event.name), close: () => exchange.close() };
}

const event = (name: string, changes: Partial<UserEvent> = {}) => ({
  name,
  payload: Buffer.from([0, 255, 1]),
  nodeFilter: '',
  serviceFilter: '',
  tagFilter: '',
  ...changes,
});

describe('user events', () => {
  test('fired at one server reach every server, as they were fired, once', () => {
    const area = new SharedLiveArea();
    const [one, two] = [server(area, 'one'), server(area, 'two')];
    const { id } = one.log.fire(event('deploy'));
    two.log.fire(event('rollback'));
    expect(one.names()).toEqual(['deploy', 'rollback']);
    expect(two.names()).toEqual(['deploy', 'rollback']);
    const [received] = two.log.list('deploy').events;
    expect(received).toMatchObject({ id, name: 'deploy', lTime: 2, version: 1 });
    expect(received?.payload).toEqual(Buffer.from([0, 255, 1]));
    expect(two.log.list('deploy').index).toBe(one.log.list('deploy').index);
    expect(two.log.list('rollback').events[0]?.lTime).toBe(3);
  });

  test('are kept where their filters match', () => {
    const area = new SharedLiveArea();
    const [one, two] = [server(area, 'one'), server(area, 'two')];
    one.log.fire(event('for-two', { nodeFilter: '^two$' }));
    expect([one.names(), two.names()]).toEqual([[], ['for-two']]);
  });

  test('from before a server’s time are not received, also when they are written again', async () => {
    const area = new SharedLiveArea();
    const one = server(area, 'one');
    one.log.fire(event('old'));
    const two = server(area, 'two');
    await area.server('one').put('events/one/000', area.value('events/one/000') as string);
    expect(two.names()).toEqual([]);
    one.log.fire(event('new'));
    expect(two.names()).toEqual(['new']);
  });

  test('are received once, although their server writes them anew after it was out of touch', async () => {
    const area = new SharedLiveArea();
    const [one, two] = [server(area, 'one'), server(area, 'two')];
    one.log.fire(event('deploy'));
    const value = area.value('events/one/000') as string;
    area.expire('one');
    await area.server('again').put('events/one/000', value);
    expect(two.names()).toEqual(['deploy']);
  });

  test('take a bounded room, and only for a while', () => {
    const area = new SharedLiveArea();
    const time = clock();
    const [one, two] = [server(area, 'one', time), server(area, 'two')];
    for (let at = 0; at < 600; at += 1) one.log.fire(event(`e${at}`));
    expect(area.keys()).toHaveLength(256);
    expect(two.names()).toHaveLength(256);
    expect(two.names().at(-1)).toBe('e599');
    time.advance(30_000);
    expect(area.keys()).toEqual([]);
  });

  test('that cannot be read are passed over', async () => {
    const area = new SharedLiveArea();
    const two = server(area, 'two');
    const stranger = area.server('stranger');
    const readable = { id: 'no-uuid', ...event('x'), payload: '', version: 1, lTime: 1 };
    const uuid = '00000000-0000-4000-8000-00000000abcd';
    const wrong = [
      readable,
      { ...readable, id: uuid, lTime: '1' },
      { ...readable, id: uuid, name: 1 },
      null,
      [],
      { id: uuid },
    ];
    for (const value of [...wrong.map((each) => JSON.stringify(each)), '', '{', 'x'.repeat(5000)])
      await stranger.put('events/stranger/000', value);
    expect(two.names()).toEqual([]);
  });

  test('are not received any more once the exchange is closed', () => {
    const area = new SharedLiveArea();
    const [one, two] = [server(area, 'one'), server(area, 'two')];
    two.close();
    one.log.fire(event('late'));
    expect(two.names()).toEqual([]);
  });
});
