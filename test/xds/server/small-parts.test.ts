import { describe, expect, test } from 'vitest';
import { AppError } from '../../../src/core/index.js';
import { judgeVersion } from '../../../src/xds/server/envoy-version.js';
import { Flusher } from '../../../src/xds/server/flusher.js';
import { toGrpcStatus } from '../../../src/xds/server/grpc-status.js';
import { sharesAddress } from '../../../src/xds/server/listener-address.js';
import { refusalText } from '../../../src/xds/server/refusal-text.js';
import { listener } from './support/resources.js';
import { pendingRevocation } from '../../../src/xds/server/revocation.js';
import { sidecar, warmSidecar } from './support/sidecar.js';

describe('the flusher', () => {
  test('takes fifty streams a turn and forgets who has gone', () => {
    const turns: (() => void)[] = [];
    const flushed: number[] = [];
    const flusher = new Flusher({
      perTurn: 50,
      perTurnMs: 5,
      now: () => 0,
      defer: (task) => void turns.push(task),
      onFault: () => undefined,
    });
    const items = Array.from({ length: 120 }, (_, number) => ({ flush: () => void flushed.push(number) }));
    for (const item of items) flusher.wake(item);
    flusher.forget(items[119]!);
    expect(turns).toHaveLength(1);
    turns[0]!();
    expect(flushed).toHaveLength(50);
    turns[1]!();
    turns[2]!();
    expect([flushed.length, turns.length]).toEqual([119, 3]);
  });

  test('ends a turn that takes long, but not before it has done something', () => {
    const turns: (() => void)[] = [];
    let nowMs = 0;
    let flushed = 0;
    const flusher = new Flusher({
      perTurn: 50,
      perTurnMs: 5,
      now: () => nowMs,
      defer: (task) => void turns.push(task),
      onFault: () => undefined,
    });
    const slow = () => {
      nowMs += 3;
      flushed++;
    };
    for (let count = 0; count < 5; count++) flusher.wake({ flush: slow });
    turns[0]!();
    expect(flushed).toBe(2);
    nowMs += 100;
    turns[1]!();
    turns[2]!();
    expect([flushed, flusher.waiting]).toEqual([5, 0]);
  });

  test('a fault in one stream does not stop the others', () => {
    const faults: unknown[] = [];
    const flusher = new Flusher({
      perTurn: 9,
      perTurnMs: 5,
      now: () => 0,
      defer: (task) => task(),
      onFault: (thrown) => void faults.push(thrown),
    });
    let reached = false;
    const turns: (() => void)[] = [];
    const late = new Flusher({
      perTurn: 9,
      perTurnMs: 5,
      now: () => 0,
      defer: (task) => void turns.push(task),
      onFault: (thrown) => void faults.push(thrown),
    });
    late.wake({
      flush: () => {
        throw new Error('a fault');
      },
    });
    late.wake({
      flush: () => {
        reached = true;
      },
    });
    turns[0]!();
    expect([faults.length, reached]).toEqual([1, true]);
    flusher.wake({ flush: () => undefined });
    expect(flusher.waiting).toBe(0);
  });
});

describe('what a refusal says', () => {
  test('is one line of about a kilobyte', () => {
    const text = refusalText(`bad\n\n  thing ${'x'.repeat(5_000)}`);
    expect(text.length).toBeLessThanOrEqual(1_001);
    expect(text.startsWith('bad thing x')).toBe(true);
  });

  test('holds no key and no quoted message', () => {
    const key = '-----BEGIN PRIVATE KEY-----\nMIGHAgEAMBMG\n-----END PRIVATE KEY-----';
    const text = refusalText(
      `Failed to load private key: ${key}; got "${'inline_string: MIGH '.repeat(10)}" from "short"`,
    );
    expect(text).not.toMatch(/MIGH/);
    expect(text).toBe('Failed to load private key: …; got "…" from "short"');
    expect(refusalText(`cut ${key.slice(0, 45)}`)).not.toMatch(/MIGH/);
  });
});

describe('versions', () => {
  test('a client that does not say what it is is served', () => {
    expect(judgeVersion({ name: '' })).toEqual({ version: '', tested: true });
    expect(judgeVersion({ name: 'envoy' })).toEqual({ version: '', tested: false });
  });
});

describe('addresses in listener names', () => {
  test.each([
    ['db:127.0.0.1:9191', 'api:127.0.0.1:9191', true],
    ['db:127.0.0.1:9191', 'api:127.0.0.1:9192', false],
    ['db:127.0.0.1:9191', 'api:127.0.0.2:9191', false],
    ['public_listener:[::1]:20000', 'x:[::1]:20000', true],
    ['db:/run/db.sock', 'api:/run/db.sock', true],
    ['db:/run/db.sock', 'api:/run/api.sock', false],
    ['db', 'api', false],
  ])('%s and %s: %s', (left, right, same) => {
    expect(sharesAddress(left, right)).toBe(same);
  });
});

describe('how a stream ends', () => {
  test('with the sentence of the error, fit for a header', () => {
    expect(toGrpcStatus(new AppError('notFound', 'no proxy \ud800 here'))).toEqual({
      code: 5,
      details: 'no proxy \ufffd here',
    });
  });
});

describe('a revocation', () => {
  const bumped = (epoch: number) => listener('public', { filters: ['rbac'], note: String(epoch), epoch });

  test('is pending until the listener is accepted and the drain time is over', () => {
    const rig = warmSidecar();
    const now = () => rig.clock.now();
    expect(pendingRevocation(rig.session, 2_000, now())).toBeUndefined();
    rig.change(bumped(12));
    expect(pendingRevocation(rig.session, 2_000, now())).toMatchObject({ index: 12, acceptedAt: '', endsAt: '' });
    rig.ack();
    const acceptedAt = new Date(now()).toISOString();
    expect(pendingRevocation(rig.session, 2_000, now())).toMatchObject({
      index: 12,
      acceptedAt,
      endsAt: new Date(now() + 2_000).toISOString(),
    });
    rig.clock.advance(2_000);
    expect(pendingRevocation(rig.session, 2_000, now())).toBeUndefined();
  });

  test('says so when the drain time is not ours and cannot be hastened', () => {
    const rig = warmSidecar();
    rig.change(bumped(12));
    rig.ack();
    rig.clock.advance(300_000);
    expect(pendingRevocation(rig.session, undefined, rig.clock.now())).toMatchObject({
      endsAt: '',
      reason: expect.stringMatching(/drain time of this Envoy, which is not ours/),
    });
  });

  test('of before the stream, or in a listener that is new here, concerns no open connection', () => {
    const rig = warmSidecar({ ...sidecar, listener: [] });
    rig.needs(sidecar, bumped(12));
    rig.ack();
    expect(pendingRevocation(rig.session, undefined, rig.clock.now())).toBeUndefined();
  });
});
