import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DRAIN_TIME_S, Mesh, until } from '../support/envoy-rig/index.js';
import { type OpenStream, openStream, TcpConnection } from '../support/load/index.js';

const ENDED_WITHIN_MS = DRAIN_TIME_S * 1_000 + 1_000;

type Open = OpenStream | TcpConnection;

/**
 * `web` and `other` reach `db` by a redirect from `legacy`, `spare` by failover from `prime`, which has no instance, and `next` as a
 * leg of the splitter of `shop`; `web` also keeps connections to `plain` and `page`, which no change is about.
 */
describe('access that is taken away ends what was open, wherever the way leads', () => {
  let mesh: Mesh;

  const calls = ['legacy', 'prime', 'shop', 'plain', 'page'];
  beforeAll(async () => {
    mesh = await Mesh.start({
      durable: true,
      services: [
        { id: 'web', calls },
        { id: 'other', calls },
        { id: 'db', protocol: 'tcp' },
        { id: 'spare', protocol: 'tcp' },
        { id: 'plain', protocol: 'tcp' },
        { id: 'shop' },
        { id: 'next' },
        { id: 'page' },
      ],
    });
    await mesh.plane.configure({ Kind: 'service-resolver', Name: 'legacy', Redirect: { Service: 'db' } });
    await mesh.plane.configure({
      Kind: 'service-resolver',
      Name: 'prime',
      Failover: { '*': { Targets: [{ Service: 'spare' }] } },
    });
    await mesh.plane.configure({
      Kind: 'service-splitter',
      Name: 'shop',
      Splits: [{ Weight: 50 }, { Weight: 50, Service: 'next' }],
    });
    await mesh.plane.settled();
  });
  afterAll(() => mesh?.close());

  const tcp = async (from: string, upstream: string, who: string): Promise<TcpConnection> => {
    const opened = await until(`a connection of ${from} to ${upstream}`, () =>
      TcpConnection.open(mesh.port(from, upstream)),
    );
    expect(opened.who).toBe(who);
    return opened;
  };
  /** A stream that `who` answers: the splitter sends some of them elsewhere. */
  const stream = (from: string, upstream: string, who: string): Promise<OpenStream> =>
    until(`a stream of ${who} for ${from}`, async () => {
      const opened = openStream(mesh.port(from, upstream));
      await until('its first pieces', () => opened.ticks > 2 || opened.endedAt !== undefined);
      if (opened.who === who && opened.endedAt === undefined) return opened;
      opened.close();
      return undefined;
    });
  const isRefused = async (from: string, upstream: string): Promise<boolean> => {
    const opened = await TcpConnection.open(mesh.port(from, upstream));
    opened?.close();
    return opened === undefined;
  };

  const entry = (Name: string, Sources: readonly object[]) =>
    mesh.plane.configure({ Kind: 'service-intentions', Name, Sources });
  const deny = (Name: string) => entry(Name, [{ Name: 'web', Action: 'deny' }]);
  const forget = (name: string) => mesh.plane.removeConfig('service-intentions', name);

  /** Does it, and holds that these end within the drain time and a second, and that those go on talking. */
  const ends = async (
    gone: readonly Open[],
    stay: readonly Open[],
    takeAway: () => Promise<unknown>,
  ): Promise<void> => {
    const at = performance.now();
    await takeAway();
    await until('the end of what was open', () => gone.every(({ endedAt }) => endedAt !== undefined));
    for (const { endedAt = 0 } of gone) expect(endedAt - at).toBeLessThan(ENDED_WITHIN_MS);
    const before = stay.map(talked);
    await until('more from the others', () => stay.every((one, number) => talked(one) > (before[number] ?? 0)));
    expect(stay.filter(({ endedAt }) => endedAt !== undefined)).toEqual([]);
    for (const one of stay) one.close();
  };
  const unconcerned = async (): Promise<readonly Open[]> => [
    await tcp('web', 'plain', 'plain'),
    await stream('web', 'page', 'page'),
  ];

  it('through a redirect: a denial', async () => {
    const gone = [await tcp('web', 'legacy', 'db'), await tcp('web', 'legacy', 'db')];
    const stay = [...(await unconcerned()), await tcp('other', 'legacy', 'db')];
    await ends(gone, stay, () => deny('db'));
    expect(await isRefused('web', 'legacy')).toBe(true);
    await forget('db');
    (await tcp('web', 'legacy', 'db')).close();
  });

  it('at a failover target: an allowance that is deleted', async () => {
    await entry('spare', [
      { Name: '*', Action: 'deny' },
      { Name: 'web', Action: 'allow' },
      { Name: 'other', Action: 'allow' },
    ]);
    const gone = [await tcp('web', 'prime', 'spare')];
    const stay = [...(await unconcerned()), await tcp('other', 'prime', 'spare')];
    await ends(gone, stay, () =>
      entry('spare', [
        { Name: '*', Action: 'deny' },
        { Name: 'other', Action: 'allow' },
      ]),
    );
    expect(await isRefused('web', 'prime')).toBe(true);
    await forget('spare');
    (await tcp('web', 'prime', 'spare')).close();
  });

  it('through a leg of a splitter: a denial', async () => {
    const gone = [await stream('web', 'shop', 'next'), await stream('web', 'shop', 'next')];
    const stay = [
      ...(await unconcerned()),
      await stream('other', 'shop', 'next'),
      await stream('other', 'shop', 'shop'),
    ];
    await ends(gone, stay, () => deny('next'));
    const later = openStream(mesh.port('web', 'shop'));
    await until('an answer', () => later.ticks > 0 || later.endedAt !== undefined);
    expect(later.who).not.toBe('next');
    later.close();
    await forget('next');
    (await stream('web', 'shop', 'next')).close();
  });

  it('of connections that are made while it is taken away none is left', async () => {
    const ROUNDS = 6;
    for (let round = 0; round < ROUNDS; round++) {
      const opened: TcpConnection[] = [];
      let refusals = 0;
      // Several at a time, until the destination has refused some: from before the denial to after its rules are there.
      const dial = async (): Promise<void> => {
        while (refusals < 20) {
          const one = await TcpConnection.open(mesh.port('web', 'legacy'));
          if (one === undefined) refusals++;
          else opened.push(one);
        }
      };
      const dialling = [dial(), dial(), dial()];
      await until('some connections', () => opened.length > 10);
      await deny('db');
      await Promise.all(dialling);
      const at = performance.now();
      await until('the end of all of them', () => opened.every(({ endedAt }) => endedAt !== undefined));
      expect(performance.now() - at).toBeLessThan(ENDED_WITHIN_MS + 1_000);
      await forget('db');
      (await tcp('web', 'legacy', 'db')).close();
    }
  });

  it('everywhere: another default', async () => {
    const gone = [
      await tcp('web', 'legacy', 'db'),
      await tcp('web', 'prime', 'spare'),
      await stream('web', 'shop', 'next'),
      await stream('web', 'page', 'page'),
    ];
    for (const name of ['plain', 'page']) await entry(name, [{ Name: 'other', Action: 'allow' }]);
    await mesh.plane.process.stop();
    await mesh.plane.start({ default_intention_policy: 'deny' });
    await until('the end of what was open', () => gone.every(({ endedAt }) => endedAt !== undefined));
    // Each Envoy comes back in its own time, that of a destination perhaps after that of a caller.
    for (const upstream of ['legacy', 'prime'])
      expect(await until(`the refusal at ${upstream}`, () => isRefused('web', upstream))).toBe(true);
    // Who is allowed by name may have to connect again, and can.
    for (const open of [await tcp('other', 'plain', 'plain'), await stream('other', 'page', 'page')]) open.close();
  });
});

const talked = (open: Open): number => ('ticks' in open ? open.ticks : open.echoed);
