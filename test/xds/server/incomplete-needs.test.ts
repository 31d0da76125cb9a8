import { describe, expect, test } from 'vitest';
import { route } from './support/resources.js';
import { freshStream, sidecar, sidecarResources, warmSidecar } from './support/sidecar.js';

/** The sidecar of which one upstream does not compile: its names are missing. */
const broken = { ...sidecar, cluster: ['local_app'], endpoint: [], listener: ['public'], route: [] };

const claimsOf = (type: string) =>
  Object.fromEntries(sidecarResources.filter((one) => one.type === type).map(({ name, version }) => [name, version]));

describe('while a part of the needs does not compile', () => {
  test('nothing that the proxy has is taken away', () => {
    const rig = warmSidecar();
    rig.incompleteNeeds(broken);
    expect(rig.lines()).toEqual([]);
  });

  test('what it has goes on changing with its cells', () => {
    const rig = warmSidecar();
    rig.incompleteNeeds(broken).change(route('api', '2'));
    expect(rig.lines()).toEqual(['route api']);
  });

  test('when all compiles again, what is not needed any more goes', () => {
    const rig = warmSidecar();
    rig.incompleteNeeds(broken).needs(broken);
    rig.ack();
    expect(rig.lines()).toEqual(['listener - api:127.0.0.1:9191', 'cluster - api']);
  });

  test('when all compiles again and is needed as before, nothing is sent', () => {
    const rig = warmSidecar();
    rig.incompleteNeeds(broken).needs(sidecar);
    expect(rig.lines()).toEqual([]);
  });
});

describe('a proxy that reconnects while a part of its needs does not compile', () => {
  const reconnect = () => {
    const rig = freshStream();
    rig.session.close();
    rig.open(broken, { keepsOthers: true });
    rig.request('cluster', { claims: claimsOf('cluster') });
    rig.request('endpoint', { subscribe: ['api'], claims: claimsOf('endpoint') });
    rig.request('listener', { claims: claimsOf('listener') });
    rig.request('route', { subscribe: ['api'], claims: claimsOf('route') });
    rig.ack();
    return rig;
  };

  test('keeps what it says it has', () => {
    const rig = reconnect();
    expect(rig.lines().filter((line) => line.includes('-'))).toEqual([]);
  });

  test('is sent nothing again when all compiles and is as it was', () => {
    const rig = reconnect();
    rig.lines();
    rig.needs(sidecar);
    expect(rig.lines()).toEqual([]);
  });

  test('loses what nothing needs once all compiles', () => {
    const rig = reconnect();
    rig.lines();
    rig.needs(broken);
    rig.ack();
    const lines = rig.lines();
    expect(lines).toContain('listener - api:127.0.0.1:9191');
    expect(lines).toContain('cluster - api');
  });
});
