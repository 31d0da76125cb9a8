import { describe, expect, test } from 'vitest';
import { progressByEntry, proxiesOfEntry } from '../../../src/xds/server/entry-propagation.js';
import { PropagationBook, type StreamFacts } from '../../../src/xds/server/propagation.js';
import { unsubscribe } from '../../../src/xds/server/session-requests.js';
import { FakeClock } from './support/fake-clock.js';
import { endpoints, route } from './support/resources.js';
import { warmSidecar } from './support/sidecar.js';

type Rig = ReturnType<typeof warmSidecar>;
const seen = (rigs: readonly Rig[]) =>
  rigs.map(({ session }, at) => ({ node: 'n', proxyId: `p${at}`, session, acceptedIndex: 10 + at }));
const ofApi = (...rigs: readonly Rig[]) => progressByEntry(seen(rigs)).get('service-defaults/api');

/** In these rigs everything called `api` comes from `service-defaults/api`. */
describe('how far proxies are with an entry', () => {
  test('is how many have something from it, and which index all of them have taken', () => {
    const [one, two] = [warmSidecar(), warmSidecar()];
    expect(ofApi(one, two)).toEqual({ proxies: 2, pending: 0, refused: 0, acceptedIndex: 10 });
    expect(progressByEntry([]).size).toBe(0);
  });

  test('shows what is not accepted yet, and what was refused', () => {
    const [one, two, three] = [warmSidecar(), warmSidecar(), warmSidecar()];
    two.change(endpoints('api', '2'));
    three.change(route('api', 'bad'));
    three.nack('route');
    expect(ofApi(one, two, three)).toMatchObject({ proxies: 3, pending: 1, refused: 1 });
    expect(proxiesOfEntry(seen([one, two, three]), 'service-defaults/api')).toEqual([
      expect.objectContaining({ proxyId: 'p0', pending: false, refused: false }),
      expect.objectContaining({ proxyId: 'p1', pending: true, refused: false }),
      expect.objectContaining({ proxyId: 'p2', pending: false, refused: true, acceptedIndex: 12 }),
    ]);
    two.ack();
    three.change(route('api', 'good'));
    three.ack();
    expect(ofApi(one, two, three)).toMatchObject({ pending: 0, refused: 0 });
  });

  test('knows nothing of entries that no proxy has anything from', () => {
    expect(proxiesOfEntry(seen([warmSidecar()]), 'service-defaults/other')).toEqual([]);
  });
});

describe('what is told of a proxy', () => {
  test('leaves out what it neither needs nor asks for any more', () => {
    const rig = warmSidecar();
    const book = new PropagationBook(
      new FakeClock(),
      1000,
      () => 1,
      () => new Set(),
    );
    const client = { node: 'n', proxyId: 'p' } as StreamFacts['client'];
    const verdict = { version: '1.40.0', tested: true } as StreamFacts['verdict'];
    book.opened({ client, verdict, connectedAtMs: 0 } as StreamFacts, rig.session);
    const told = () => (book.get('n', 'p')?.resources ?? []).map(({ type, name }) => `${type} ${name}`);
    const { endpoint } = rig.session.subscriptions;
    const entry = endpoint.entries.get('api');
    if (!entry) throw new Error('it has no endpoints');
    // It lingers until nothing uses it any more.
    rig.session.linger(entry);
    expect(told()).toContain('endpoint api');
    unsubscribe(rig.session, 'endpoint', ['api']);
    expect(endpoint.entries.get('api')).toBe(entry);
    expect(told()).not.toContain('endpoint api');
  });
});
