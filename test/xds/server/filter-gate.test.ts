import { describe, expect, test } from 'vitest';
import { endpoints, finder, judge, listener, staticCluster } from './support/resources.js';
import { freshStream, sidecar, sidecarResources } from './support/sidecar.js';
import type { SessionRig } from './support/session-rig.js';

const needs = { ...sidecar, extension: ['rbac', 'jwt'] };
const keys = { ...needs, cluster: [...sidecar.cluster, 'keys'] };
const publicListener = (...filters: readonly string[]) => listener('public', { filters });

/** A sidecar whose listener has both filters, and that has accepted everything long ago. */
function verifying(provides: readonly string[] = [], findings: readonly string[] = []): SessionRig {
  const rig = freshStream();
  rig.session.close();
  rig.change(
    ...sidecarResources,
    publicListener('jwt', 'rbac'),
    finder('jwt', provides),
    judge('rbac', 'jwt', findings),
  );
  rig.open(needs);
  rig.coldStart().clock.advance(1_000);
  return rig;
}

describe('a filter that relies on another one', () => {
  test('goes behind it when it relies on more', () => {
    const rig = verifying();
    rig.change(judge('rbac', 'jwt', ['okta']), finder('jwt', ['okta']));
    expect(rig.lines()).toEqual(['extension jwt', 'extension rbac']);
  });

  test('goes before it when it relies on less', () => {
    const rig = verifying(['okta', 'door'], ['okta', 'door']);
    rig.change(finder('jwt', ['door']), judge('rbac', 'jwt', ['door']));
    expect(rig.lines()).toEqual(['extension rbac', 'extension jwt']);
    rig.ack();
    rig.change(finder('jwt', []), judge('rbac', 'jwt', []));
    expect(rig.lines()).toEqual(['extension rbac', 'extension jwt']);
  });

  test('is held against what was sent last, accepted or not', () => {
    const rig = verifying(['okta'], ['okta']);
    rig.change(finder('jwt', []), judge('rbac', 'jwt', []));
    rig.change(finder('jwt', ['okta']), judge('rbac', 'jwt', ['okta']));
    rig.lines();
    rig.request('endpoint', { subscribe: ['api'] });
    expect(rig.lines()).toEqual(['endpoint api', 'extension jwt', 'extension rbac']);
  });

  test('is never without what it relies on when that is replaced: both are found out in between', () => {
    const rig = verifying(['door'], ['door']);
    const written = rig.writes.length;
    rig.change(finder('jwt', ['okta']), judge('rbac', 'jwt', ['okta']));
    expect(rig.lines()).toEqual(['extension jwt', 'extension rbac', 'extension jwt']);
    const told = rig.writes
      .slice(written)
      .flat()
      .map(({ items }) => items[0]?.resource.provides?.join());
    expect(told).toEqual(['door,okta', undefined, 'okta']);
    rig.ack();
    expect(rig.run().lines()).toEqual([]);
    expect(rig.session.clean).toBe(true);
    const { accepted } = rig.session.subscriptions.extension.entries.get('jwt') ?? {};
    expect(accepted?.provides).toEqual(['okta']);
  });

  test('is told once when the client refuses what is between', () => {
    const rig = verifying(['door'], ['door']);
    rig.change(finder('jwt', ['okta']), judge('rbac', 'jwt', ['okta']));
    rig.lines();
    rig.nack('extension');
    rig.ack();
    expect(rig.run().lines()).toEqual([]);
    expect(rig.session.refusals.size).toBe(0);
  });

  test('goes by itself when the other one stays as it is', () => {
    const rig = verifying(['okta'], ['okta']);
    rig.change(judge('rbac', 'jwt', ['okta'], 'another claim'));
    expect(rig.lines()).toEqual(['extension rbac']);
  });
});

describe('a filter that newly relies on one that its listener gets just now', () => {
  const tightened = [publicListener('jwt', 'rbac'), finder('jwt', ['okta']), judge('rbac', 'jwt', ['okta'])] as const;
  const plain = (): SessionRig => {
    const rig = freshStream();
    rig.change(judge('rbac', 'jwt', []));
    rig.coldStart().clock.advance(1_000);
    return rig;
  };

  test('is held until 250 ms after the listener was accepted, and nothing else is', () => {
    const rig = plain();
    const timers = rig.clock.waiting;
    rig.needs(needs, ...tightened);
    expect(rig.lines()).toEqual(['listener public', 'extension jwt']);
    rig.request('extension', { subscribe: ['jwt'] });
    rig.ack();
    rig.lines();
    rig.change(endpoints('api', '2'));
    expect(rig.lines()).toEqual(['endpoint api']);
    rig.ack();
    expect(rig.session.clean).toBe(false);
    rig.clock.advance(249);
    expect(rig.run().lines()).toEqual([]);
    rig.clock.advance(1);
    expect(rig.run().lines()).toEqual(['extension rbac']);
    rig.ack();
    expect(rig.session.clean).toBe(true);
    expect(rig.clock.waiting).toBe(timers);
  });

  test('is held as long as the Envoy drains connections without the other one, when it says how long that is', () => {
    const rig = plain();
    rig.drainTimeMs = 15_000;
    rig.session.close();
    rig.open(sidecar);
    rig.coldStart();
    rig.needs(needs, ...tightened);
    rig.request('extension', { subscribe: ['jwt'] });
    rig.ack();
    rig.lines();
    rig.clock.advance(15_499);
    expect(rig.run().lines()).toEqual([]);
    rig.clock.advance(1);
    expect(rig.run().lines()).toEqual(['extension rbac']);
  });

  test('is not held when the listener had the other one all the time', () => {
    const rig = freshStream();
    rig.session.close();
    rig.drainTimeMs = 15_000;
    rig.change(publicListener('jwt', 'rbac'), finder('jwt', []), judge('rbac', 'jwt', []));
    rig.open(needs);
    rig.coldStart().clock.advance(250);
    rig.change(finder('jwt', ['okta']), judge('rbac', 'jwt', ['okta']));
    expect(rig.lines()).toEqual(['extension jwt', 'extension rbac']);
  });

  test('is held for all listeners that have it', () => {
    const rig = plain();
    const second = { ...needs, listener: [...sidecar.listener, 'second'] };
    rig.needs({ ...sidecar, listener: second.listener }, listener('second', { filters: ['rbac'] }));
    rig.ack().lines();
    rig.needs(second, ...tightened, listener('second', { filters: ['jwt', 'rbac'] }));
    expect(rig.lines()).toEqual(['listener public', 'listener second', 'extension jwt']);
    const [first] = rig.responses.filter(({ answered, type }) => !answered && type === 'listener');
    if (first) {
      first.answered = true;
      rig.request('listener', { nonce: first.nonce });
    }
    rig.clock.advance(1_000);
    expect(rig.run().lines()).toEqual([]);
    rig.ack();
    rig.clock.advance(250);
    expect(rig.run().lines()).toEqual(['extension rbac']);
  });

  test('goes after five seconds whatever happens: better closed than open', () => {
    const rig = plain();
    rig.needs(needs, ...tightened);
    rig.nack('listener');
    rig.ack();
    rig.lines();
    rig.clock.advance(4_999);
    expect(rig.run().lines()).toEqual([]);
    rig.clock.advance(1);
    expect(rig.run().lines()).toEqual(['extension rbac']);
  });

  test('is held no longer when it stops relying on it', () => {
    const rig = plain();
    rig.needs(needs, ...tightened);
    rig.ack().lines();
    rig.change(judge('rbac', 'jwt', [], 'other callers'));
    expect(rig.lines()).toEqual(['extension rbac']);
  });

  test('is told at once to a client that has just started', () => {
    const rig = freshStream();
    rig.session.close();
    rig.change(...tightened);
    rig.open(needs);
    rig.request('cluster').request('listener').ack();
    rig.lines();
    rig.request('extension', { subscribe: ['jwt', 'rbac'] });
    expect(rig.lines()).toEqual(['extension jwt rbac']);
  });

  test('goes before the listener that has the other one no more', () => {
    const rig = verifying(['okta'], ['okta']);
    rig.needs(sidecar, publicListener('rbac'), judge('rbac', 'jwt', []));
    expect(rig.lines()).toEqual(['extension rbac', 'listener public']);
  });

  test('is held too when the client has missed the change and comes back', () => {
    const rig = plain();
    const held = (type: string) =>
      Object.fromEntries(
        sidecarResources.filter((one) => one.type === type).map(({ name, version }) => [name, version] as const),
      );
    rig.session.close();
    rig.change(...tightened);
    rig.open(needs);
    rig.request('cluster', { claims: held('cluster') });
    rig.request('listener', { claims: held('listener') });
    rig.request('extension', { subscribe: ['rbac'], claims: { rbac: judge('rbac', 'jwt', []).version } });
    const lines = rig.lines();
    expect(lines).toContain('listener public');
    expect(lines).not.toContain('extension rbac');
    rig.request('extension', { subscribe: ['jwt'] });
    rig.ack();
    rig.lines();
    rig.clock.advance(250);
    expect(rig.run().lines()).toEqual(['extension rbac']);
  });
});

describe('a filter that uses a cluster', () => {
  test('waits until the cluster is ready, and who relies on it waits with it', () => {
    const rig = verifying();
    rig.needs(keys, staticCluster('keys'), finder('jwt', ['okta'], ['keys']), judge('rbac', 'jwt', ['okta']));
    expect(rig.lines()).toEqual(['cluster keys']);
    rig.ack('cluster');
    expect(rig.lines()).toEqual(['extension jwt', 'extension rbac']);
  });

  test('keeps what others still rely on until they can be sent as well', () => {
    const rig = verifying(['door'], ['door']);
    rig.needs(keys, staticCluster('keys'), finder('jwt', ['okta'], ['keys']), judge('rbac', 'jwt', ['okta']));
    expect(rig.lines()).toEqual(['cluster keys']);
    rig.ack('cluster');
    expect(rig.lines()).toEqual(['extension jwt', 'extension rbac', 'extension jwt']);
  });

  test('loses it only when it does not use it any more', () => {
    const rig = verifying();
    rig.needs(keys, staticCluster('keys'), finder('jwt', ['okta'], ['keys']), judge('rbac', 'jwt', ['okta']));
    rig.ack();
    rig.ack();
    rig.lines();
    rig.needs(needs, finder('jwt', []), judge('rbac', 'jwt', []));
    expect(rig.lines()).toEqual(['extension rbac', 'extension jwt']);
    rig.ack();
    expect(rig.lines()).toEqual([]);
    rig.clock.advance(9_999);
    expect(rig.run().lines()).toEqual([]);
    rig.clock.advance(1);
    expect(rig.run().lines()).toEqual(['cluster - keys']);
    expect(rig.session.subscriptions.cluster.entries.get('keys')).toBeUndefined();
  });

  test('keeps it for the requests that are under way, when the filter itself goes as well', () => {
    const rig = verifying();
    rig.needs(keys, staticCluster('keys'), finder('jwt', ['okta'], ['keys']), judge('rbac', 'jwt', ['okta']));
    rig.ack();
    rig.ack();
    rig.lines();
    rig.needs(sidecar, publicListener('rbac'), judge('rbac', 'jwt', []));
    expect(rig.lines()).toEqual(['extension rbac', 'listener public']);
    rig.ack();
    rig.clock.advance(9_999);
    expect(rig.run().lines()).toEqual([]);
    rig.clock.advance(1);
    expect(rig.run().lines()).toEqual(['cluster - keys']);
  });

  test('keeps it for good when it is needed again', () => {
    const rig = verifying();
    const asked = [finder('jwt', ['okta'], ['keys']), judge('rbac', 'jwt', ['okta'])] as const;
    rig.needs(keys, staticCluster('keys'), ...asked);
    rig.ack();
    rig.ack();
    rig.needs(needs, finder('jwt', []), judge('rbac', 'jwt', []));
    rig.ack().lines();
    rig.needs(keys, ...asked);
    expect(rig.lines()).toEqual(['extension jwt', 'extension rbac']);
    rig.ack();
    rig.clock.advance(60_000);
    expect(rig.run().lines()).toEqual([]);
  });

  test('goes after five seconds although the cluster never gets ready', () => {
    const rig = verifying();
    rig.needs(keys, staticCluster('keys'), finder('jwt', ['okta'], ['keys']), judge('rbac', 'jwt', ['okta']));
    rig.lines();
    rig.clock.advance(5_000);
    expect(rig.run().lines()).toEqual(['extension jwt', 'extension rbac']);
  });
});
