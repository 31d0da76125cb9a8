import { expect, it } from 'vitest';
import type { EtcdClient, TxnRequest } from '../../../src/state/backend/etcd/client/index.js';
import { EtcdLiveArea } from '../../../src/state/backend/etcd/etcd-live-area.js';
import { Layout } from '../../../src/state/backend/etcd/layout.js';
import { ManualClock } from '../../agent/support/manual-clock.js';

it('puts under the new lease what was still on its way under one that is over', async () => {
  const clock = new ManualClock();
  const sent: { readonly request: TxnRequest; readonly answer: () => void }[] = [];
  let granted = 0;
  const client = {
    grantLease: () => Promise.resolve({ ID: String(++granted) }),
    // The first one is over when it is to be kept alive.
    keepLeaseAlive: () => Promise.resolve(granted === 1 ? 0 : 6),
    revokeLease: () => Promise.resolve(),
    txn: (request: TxnRequest) => new Promise((resolve) => sent.push({ request, answer: () => resolve({}) })),
  } as unknown as EtcdClient;
  const area = new EtcdLiveArea({
    ...{ client, clock, layout: new Layout('mesh'), monotonicMs: () => clock.now() },
    onProblem: (error) => expect.unreachable(error.message),
  });
  const puts = () =>
    sent.flatMap(({ request }) =>
      (request.success ?? []).map(({ request_put: put }) => `${put?.key.toString()} under ${put?.lease}`),
    );

  const put = area.put('members/a', 'it lives');
  await clock.advance(500);
  expect(puts()).toEqual(['mesh-live/members/a under 1']);
  await clock.advance(3000);
  expect(granted).toBe(2);
  sent[0]?.answer();
  await put;
  await clock.advance(500);
  expect(puts()).toEqual(['mesh-live/members/a under 1', 'mesh-live/members/a under 2']);
});
