import { describe, expect, it } from 'vitest';
import {
  type EtcdError,
  type Endpoint,
  EtcdError as Failure,
  status,
} from '../../../src/state/backend/etcd/client/index.js';
import { LostProposals } from '../../../src/state/backend/etcd/client/lost-proposals.js';

const member = (name: string): Endpoint => ({ name }) as Endpoint;

/** Time that goes on when it is told to; `terms` says what each member answers. */
function rig(terms: Record<string, () => Promise<number>>) {
  let nowMs = 0;
  let wake = (): void => undefined;
  const asked: string[] = [];
  const proposals = new LostProposals({
    now: () => nowMs,
    pause: () => new Promise((resolve) => (wake = resolve)),
    termAt: ({ name }) => {
      asked.push(name);
      return terms[name]?.() ?? Promise.reject(new Failure(status.INTERNAL, 'unknown', name));
    },
  });
  const turn = async (ms: number): Promise<void> => {
    nowMs += ms;
    wake();
    await new Promise(setImmediate);
  };
  const given: EtcdError[] = [];
  const send = (endpoint: Endpoint, term: number): (() => void) =>
    proposals.watch({ endpoint, key: Buffer.from('k'), term, giveUp: (error) => given.push(error) });
  return { send, turn, given, asked };
}

describe('a transaction that is not answered', () => {
  it('is given up once its member has come to a newer term twice in a row', async () => {
    let term = 4;
    const { send, turn, given } = rig({ a: () => Promise.resolve(term) });
    send(member('a'), 4);
    await turn(600);
    expect(given).toEqual([]);
    term = 5;
    await turn(250);
    expect(given).toEqual([]);
    await turn(250);
    expect(given.map(({ message }) => message)).toEqual(['its leader has changed']);
    expect(given[0]).toMatchObject({ changedNothing: false, isOfEndpoint: true });
    await turn(250);
    expect(given).toHaveLength(1);
  });

  it('is given up when its member does not answer, and nobody is told that nothing was changed', async () => {
    const refused = new Failure(status.UNAVAILABLE, 'No connection established', 'a');
    const { send, turn, given } = rig({ a: () => Promise.reject(refused) });
    send(member('a'), 4);
    await turn(600);
    expect(given).toHaveLength(1);
    expect(given[0]).toMatchObject({ changedNothing: false, isOfEndpoint: true, message: 'it does not answer' });
  });

  it('is waited for while its member is in the term in which it was sent, and when it may not be asked', async () => {
    const forbidden = new Failure(status.PERMISSION_DENIED, 'permission denied', 'b');
    const { send, turn, given } = rig({ a: () => Promise.resolve(4), b: () => Promise.reject(forbidden) });
    send(member('a'), 4);
    send(member('b'), 4);
    for (let at = 0; at < 20; at += 1) await turn(250);
    expect(given).toEqual([]);
  });

  it('costs no question when it is answered soon, and each member is asked once for all its transactions', async () => {
    const { send, turn, given, asked } = rig({ a: () => Promise.resolve(4), b: () => Promise.resolve(9) });
    const answered = send(member('a'), 4);
    await turn(250);
    answered();
    await turn(250);
    expect(asked).toEqual([]);
    const [a, b] = [member('a'), member('b')];
    for (const to of [a, a, b, b]) send(to, 4);
    await turn(600);
    await turn(250);
    expect(asked).toEqual(['a', 'b', 'a', 'b']);
    expect(given.map(({ endpoint }) => endpoint)).toEqual(['b', 'b']);
  });
});
